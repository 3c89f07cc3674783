"""Run a copy of a project: by the `alembic` command alone, and by headstart; compare the databases.

It must not know which database server it works on.
"""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from tests.harness.env_runs import audited, runs_in
from tests.harness.environment import PROGRAMS
from tests.harness.program import Run, run_program, start_headstart
from tests.harness.project import copy_project
from tests.harness.result import Result
from tests.harness.server import Database
from tests.projects.case import Case

TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Copy:
    """A copy of a project, which the run may leave files in."""

    case: Case
    path: Path

    def alembic(self, database: Database, *command: str, elsewhere: str = "") -> None:
        """Run the `alembic` command, with the URL in alembic.ini as its user has it."""
        ini = self.path / "alembic.ini"
        url = database.driver_url(self.case.driver).replace("%", "%%").replace("\\", r"\\")
        line = re.compile(r"^(sqlalchemy\.url *=).*$", re.MULTILINE)
        ini.write_text(line.sub(rf"\1 {url}", self.case.files["alembic.ini"].read_text()))
        x = [f"-x{each}" for each in self.case.x]
        environ = self._environ(database, elsewhere)
        done = run_program(
            PROGRAMS / "alembic", *x, *command, env=environ, cwd=self.path, timeout=TIMEOUT_SECONDS
        )
        assert done.exit_code == 0, f"alembic {command}: {done.stdout}\n{done.stderr}"

    def headstart(self, database: Database, *argv: str, elsewhere: str = "") -> Result:
        """Run headstart to its end, with alembic.ini as it lies in the repository."""
        with self.start(database, *argv, elsewhere=elsewhere) as started:
            ended = started.end(TIMEOUT_SECONDS)
        if not argv and ended.exit_code == 0:
            assert runs_in(self._runs) == 1, "env.py runs once, as with Alembic"
        return ended

    def start(self, database: Database, *argv: str, elsewhere: str = "") -> Run:
        """Start headstart; use it as a context, which ends it."""
        shutil.copy(self.case.files["alembic.ini"], self.path)
        psycopg2 = self.case.driver == "psycopg2"
        environ = {
            "DATABASE_URL": database.url if psycopg2 else database.driver_url(self.case.driver),
            "HEADSTART_TARGET": self.case.target,
            # the image's Python does not look for modules in the current folder either
            "PYTHONSAFEPATH": "1",
            **self._environ(database, elsewhere),
        }
        x = [part for each in self.case.x for part in ("-x", each)]
        return start_headstart(
            *(argv or ("run",)), *x, env=audited(environ, self._runs), cwd=self.path
        )

    @property
    def _runs(self) -> Path:
        return self.path.with_name("env_runs")

    def _environ(self, database: Database, elsewhere: str) -> dict[str, str]:
        values = {
            **database.parameters,
            "name": database.name,
            "url": database.url,
            "driver_url": database.driver_url(self.case.driver),
            "elsewhere_url": elsewhere,
        }
        return {name: text.format(**values) for name, text in self.case.environ.items()}


SOMEBODYS = "CREATE SCHEMA somebodys; CREATE TABLE somebodys.own (id int)"
"""What makes a database one that is in use."""


def in_use(case: Case) -> Case:
    """Return the case as it is run where there is that: none of its tables is one of these."""
    return replace(case, environ={**case.environ, "HEADSTART_BASELINE": "base"})


def copy_of(case: Case, folder: Path) -> Copy:
    """Copy a project into a folder that does not exist yet."""
    return Copy(case, copy_project(case.name, folder))


def applied_by(ended: Result) -> list[str]:
    """What the verdict says was applied; the events must say the same."""
    told = [step["revision"] for step in ended.verdict["applied"]]
    assert [e["revision"] for e in ended.events if e["event"] == "revision_applied"] == told
    return told


def assert_same(case: Case, database: Database, reference: Database) -> None:
    """Fail where two databases differ in anything that the project is about."""
    assert database.version_rows() == reference.version_rows()
    assert database.dump(owners=case.dump_owners) == reference.dump(owners=case.dump_owners)
    for query in case.same:
        assert database.query(query) == reference.query(query)


def assert_upgraded(case: Case, ended: Result, start: str) -> None:
    """Fail where the verdict does not say what was to be done from `start`."""
    assert (ended.exit_code, ended.verdict["outcome"]) == (case.exit_code, case.outcome), ended
    assert set(applied_by(ended)) == case.applied_after(start)
    modes = [e["transactions"] for e in ended.events if e["event"] == "env_configured"]
    assert modes == [case.mode]
    assert ended.stdout == ""
