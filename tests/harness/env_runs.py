"""Count how often an env.py was run, by an audit hook in the process that runs it."""

import os
from collections.abc import Mapping
from pathlib import Path

AUDIT = Path(__file__).with_name("audit")
"""The folder of what an interpreter imports at its start (sitecustomize.py)."""


def audited(environ: Mapping[str, str], file: Path) -> dict[str, str]:
    """The environment of a process whose runs of env.py are noted in the file, which is emptied."""
    file.write_text("")
    path = [str(AUDIT), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "ENV_RUNS": str(file), "PYTHONPATH": os.pathsep.join(path)}


def runs_in(file: Path) -> int:
    """How often an env.py was run."""
    return len(file.read_text().splitlines())
