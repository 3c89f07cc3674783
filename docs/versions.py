"""The version, which headstart/__init__.py says, in the files that cannot ask for it.

pyproject.toml, the Makefile and the program read it there. `make docs` writes it into the places
below, `make check` compares them, and an expression that finds no place any more is a mistake.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from headstart import __version__

_CHART = (r"^version: (\S+)$", r"^appVersion: (\S+)$")
PLACES = {
    "Dockerfile": (r"^ARG VERSION=(\S+)$",),
    "k8s/job.yaml": (r"image: headstart:(\S+)$",),
    "k8s/init-container.yaml": (r"image: headstart:(\S+)$", r"image: minirag-app:(\S+)$"),
    "k8s/chart/Chart.yaml": _CHART,
    "examples/app-chart/Chart.yaml": (*_CHART, r"^    version: (\S+)$"),
    "examples/app-chart/values.yaml": (r"^  tag: (\S+)$",),
    "docs/kubernetes.md": (
        r"\{name: headstart, version: ([^,]+),",
        r"\bminirag-app:(\d\S+)",
        r"load docker-image headstart:(\S+)",
    ),
}
"""Files, and expressions whose group is the version there."""


def stale_versions(root: Path, *, write: bool) -> Iterator[str]:
    """What is wrong; with `write`, what is merely another version is put right."""
    for name, expressions in PLACES.items():
        file = root / name
        text = fresh = file.read_text(encoding="utf-8")
        for expression in expressions:
            found = re.compile(expression, re.MULTILINE)
            if not found.search(fresh):
                yield f"{name}: nothing is like {expression} any more (docs/versions.py)"
            fresh = found.sub(_with_version, fresh)
        if fresh != text and write:
            file.write_text(fresh, encoding="utf-8")
        elif fresh != text:
            yield f"{name} names another version than {__version__}: make docs"


def _with_version(found: re.Match[str]) -> str:
    begin, end = (place - found.start() for place in found.span(1))
    return f"{found[0][:begin]}{__version__}{found[0][end:]}"
