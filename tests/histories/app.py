"""An app from PyPI, installed together with headstart into an environment, as in its user's image.

Its env.py, its alembic.ini and its revisions are used as the wheel holds them.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.harness.env_runs import audited, runs_in
from tests.harness.program import run_program
from tests.harness.result import Result

IMAGES = Path(sys.prefix) / "histories"
"""Where `make setup` installs them: an environment for each."""
TIMEOUT_SECONDS = 180
LINK = re.compile(r'^(revision|down_revision)(?:: .*)? = (?:"(\w+)"|None)$', re.MULTILINE)
QUIET = {"DO_NOT_TRACK": "true", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""The app's own libraries send nothing."""


@dataclass(frozen=True)
class App:
    """One app: the folder of its alembic.ini below site-packages, and that of its revisions."""

    name: str
    ini: str
    versions: str
    environ: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def packages(self) -> Path:
        """The site-packages of its environment."""
        found = list(IMAGES.glob(f"{self.name}/lib/python3*/site-packages"))
        assert found, f"{IMAGES / self.name} is missing: make setup"
        return found[0]

    @cached_property
    def history(self) -> list[str]:
        """Its revisions in order, as the text of the files says; each has one child at most."""
        following: dict[str, str] = {}
        for file in (self.packages / self.versions).glob("*.py"):
            names = dict(LINK.findall(file.read_text(encoding="utf-8")))
            if names:
                assert names["down_revision"] not in following, file
                following[names["down_revision"]] = names["revision"]
        ordered = [following.pop("")]
        while ordered[-1] in following:
            ordered.append(following.pop(ordered[-1]))
        assert not following, following
        return ordered

    def after(self, revision: str) -> list[str]:
        """The revisions behind this one; behind "" are all."""
        return self.history[self.history.index(revision) + 1 if revision else 0 :]

    def program(self, name: str, *arguments: str, **environ: str) -> Result:
        """Run one of its environment's programs, which sees nothing of the machine's settings."""
        return run_program(
            IMAGES / self.name / "bin" / name,
            *arguments,
            env={**QUIET, **self.environ, **environ},
            cwd=self.packages,  # script_location may be relative to it
            timeout=TIMEOUT_SECONDS,
        )

    def headstart(self, url: str, **environ: str) -> Result:
        """Run headstart on the alembic.ini of the wheel."""
        given = {"DATABASE_URL": url, "HEADSTART_ALEMBIC_INI": self.ini, **environ}
        with TemporaryDirectory() as folder:
            runs = Path(folder) / "env_runs"
            ended = self.program("headstart", **audited({**self.environ, **given}, runs))
            assert ended.exit_code or runs_in(runs) == 1, "env.py runs once, as with Alembic"
        return ended
