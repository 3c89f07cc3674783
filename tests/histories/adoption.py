"""Adopt databases that lost their version table: at many revisions of one history, in one walk."""

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.harness.result import Result
from tests.harness.server import Database
from tests.histories.app import App
from tests.histories.comparison import version_rows
from tests.histories.conftest import MakeDatabase

SEED = int(os.environ.get("HEADSTART_TEST_SEED") or "20261126")
"""Which revisions are drawn; another number draws others."""


@dataclass(frozen=True)
class Adopted:
    """What a run did: the revision that it stamped, or those that it asks about."""

    outcome: str
    at: tuple[str, ...]


Upgrade = Callable[[Database, str], object]
"""Runs the `alembic` command, which has to succeed."""


def drawn(app: App, count: int) -> list[str]:
    """Some of its revisions, in order."""
    chosen = random.Random(SEED).sample(app.history, count)
    return sorted(chosen, key=app.history.index)


def build_fingerprints(app: App, scratch: Database, file: Path, **environ: str) -> Result:
    """Run `headstart fingerprint build` on an empty database that is given for it.

    Once: its owner may make no second one.
    """
    url = scratch.server.url(dbname=scratch.name, password="")
    given = {
        "HEADSTART_ALEMBIC_INI": app.ini,
        "HEADSTART_FINGERPRINTS": str(file),
        "PGPASSWORD": scratch.parameters["password"],  # an argument may hold none
    }
    return app.program(
        "headstart", "fingerprint", "build", "--once", "--url", url, **given | environ
    )


@dataclass(frozen=True)
class Walk:
    """A database on its way through a history, with a copy without version table at some places."""

    database: Database
    make_database: MakeDatabase
    upgrade: Upgrade

    def stop_at(self, revisions: Iterable[str]) -> dict[str, Database]:
        """Go from one to the next, and to the head in the end; gives the copies."""
        copies = {}
        for revision in revisions:
            self.upgrade(self.database, revision)
            copies[revision] = self.make_database(self.database.name)
            copies[revision].execute("DROP TABLE alembic_version")
        self.upgrade(self.database, "head")
        return copies


def adopt(app: App, database: Database, file: Path, **environ: str) -> Adopted:
    """Run headstart on a database without version rows, and tell what it made of that.

    It fails where the verdict and the database do not say the same.
    """
    before = database.dump()
    url = database.url
    ended = app.headstart(url, HEADSTART_FINGERPRINTS=str(file), **environ)
    verdict = ended.verdict
    outcome = str(verdict["outcome"])
    if outcome != "baselined":
        assert (ended.exit_code, verdict["applied"]) == (22, []), ended
        assert database.dump() == before
        return Adopted(outcome, tuple(verdict.get("candidates", ())))
    assert (ended.exit_code, verdict["proof"]) == (0, "fingerprint"), ended
    assert version_rows(database) == [app.history[-1]]
    applied = [step["revision"] for step in verdict["applied"]]
    start = app.history[: len(app.history) - len(applied)]
    assert app.history[len(start) :] == applied
    return Adopted(outcome, tuple(start[-1:]))
