"""Run a copy of a project: by the `alembic` command alone, and by headstart; compare the databases.

It must not know which database server it works on.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2

from headstart.dev.embedded import programs
from tests.harness.environment import clean_environ
from tests.harness.project import copy_project
from tests.harness.result import Event, Result
from tests.projects.case import Case

TIMEOUT_SECONDS = 120
ALEMBIC = Path(sys.executable).parent / "alembic"
VERSION_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num'
    WHERE c.relkind = 'r' ORDER BY 1, 2
"""
"""Wherever a project keeps them."""


@dataclass(frozen=True)
class Address:
    """Where a database is; a pooler's address where there is one."""

    host: str
    port: int
    user: str
    password: str
    name: str

    def url(self, driver: str = "") -> str:
        """The URL, with SQLAlchemy's name of a driver where one is given."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"{scheme}://{login}@{self.host}:{self.port}/{self.name}"

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        """Execute statements on a connection of one's own; return the last one's rows."""
        connection = psycopg2.connect(self.url())
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def dump(self, *, owners: bool = False) -> str:
        """The schema as pg_dump writes it."""
        # 18 dumps every older server
        command = [str(programs(18) / "pg_dump"), "--schema-only", "--no-privileges"]
        command += [] if owners else ["--no-owner"]
        command += [f"--host={self.host}", f"--port={self.port}", f"--username={self.user}"]
        dumped = subprocess.run(
            [*command, self.name],
            env={"PATH": os.environ["PATH"], "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        ).stdout
        return re.sub(r"^\\(un)?restrict .*$", "", dumped, flags=re.MULTILINE)

    def version_rows(self) -> dict[str, list[str]]:
        """What each version table holds."""
        found = {}
        for schema, table in self.execute(VERSION_TABLES):
            rows = self.execute(f'SELECT version_num FROM "{schema}"."{table}" ORDER BY 1')
            found[f"{schema}.{table}"] = [str(row[0]) for row in rows]
        return found


@dataclass(frozen=True)
class Copy:
    """A copy of a project, which the run may leave files in."""

    case: Case
    path: Path

    def alembic(self, address: Address, *command: str, elsewhere: str = "") -> None:
        """Run the `alembic` command, with the URL in alembic.ini as its user has it."""
        ini = self.path / "alembic.ini"
        url = address.url(self.case.driver).replace("%", "%%").replace("\\", r"\\")
        line = re.compile(r"^(sqlalchemy\.url *=).*$", re.MULTILINE)
        ini.write_text(line.sub(rf"\1 {url}", self.case.files["alembic.ini"].read_text()))
        x = [f"-x{each}" for each in self.case.x]
        environ = clean_environ() | self._environ(address, elsewhere)
        done = self._process([str(ALEMBIC), *x, *command], environ)
        assert done.exit_code == 0, f"alembic {command}: {done.stdout}\n{done.stderr}"

    def headstart(self, address: Address, *argv: str, elsewhere: str = "") -> Result:
        """Run headstart to its end, with alembic.ini as it lies in the repository."""
        return self._process(*self._headstart(address, argv, elsewhere))

    def events(self, address: Address) -> Iterator[Event]:
        """Run headstart and give each event at the moment when it is said."""
        command, environ = self._headstart(address, ("run",), "")
        with subprocess.Popen(
            command,
            cwd=self.path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                yield json.loads(line)

    def _headstart(
        self, address: Address, argv: tuple[str, ...], elsewhere: str
    ) -> tuple[list[str], dict[str, str]]:
        shutil.copy(self.case.files["alembic.ini"], self.path)
        driver = "" if self.case.driver == "psycopg2" else self.case.driver
        environ = {
            **clean_environ(),
            "DATABASE_URL": address.url(driver),
            "HEADSTART_TARGET": self.case.target,
            **self._environ(address, elsewhere),
        }
        x = [part for each in self.case.x for part in ("-x", each)]
        # -P: the image's Python does not look for modules in the current folder either
        return [sys.executable, "-P", "-m", "headstart", *(argv or ("run",)), *x], environ

    def _environ(self, address: Address, elsewhere: str) -> dict[str, str]:
        values = {
            **vars(address),
            "url": address.url(),
            "driver_url": address.url(self.case.driver),
            "elsewhere_url": elsewhere,
        }
        return {name: text.format(**values) for name, text in self.case.environ.items()}

    def _process(self, command: list[str], environ: Mapping[str, str]) -> Result:
        done = subprocess.run(
            command,
            cwd=self.path,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


def copy_of(case: Case, folder: Path) -> Copy:
    """Copy a project into a folder that does not exist yet."""
    return Copy(case, copy_project(case.name, folder))


def applied_by(ended: Result) -> list[str]:
    """What the verdict says was applied; the events must say the same."""
    told = [step["revision"] for step in ended.verdict["applied"]]
    assert [e["revision"] for e in ended.events if e["event"] == "revision_applied"] == told
    return told


def assert_same(case: Case, address: Address, reference: Address) -> None:
    """Fail where two databases differ in anything that the project is about."""
    assert address.version_rows() == reference.version_rows()
    assert address.dump(owners=case.dump_owners) == reference.dump(owners=case.dump_owners)
    for query in case.same:
        assert address.execute(query) == reference.execute(query)


def assert_upgraded(case: Case, ended: Result, start: str) -> None:
    """Fail where the verdict does not say what was to be done from `start`."""
    assert (ended.exit_code, ended.verdict["outcome"]) == (case.exit_code, case.outcome), ended
    assert set(applied_by(ended)) == case.applied_after(start)
    modes = [e["transactions"] for e in ended.events if e["event"] == "env_probed"]
    assert modes == [case.mode]
    assert ended.stdout == ""
