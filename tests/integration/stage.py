"""A project, a database and headstart, brought together for one test.

What is asserted comes from the verdict and from a second connection, never from the run itself.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.environment import PROGRAMS
from tests.harness.program import Run, run_headstart, run_program, start_headstart
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.harness.server import Database, Rows, a_role

USER_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


CATALOG = """
    SELECT nspname, relname, relkind::text, relfilenode, relacl::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
    UNION SELECT nspname, NULL, 'schema', NULL, nspacl::text FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_t%'
    ORDER BY 1, 2
"""
MADE_BY_HAND = {
    "0001": "CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL)",
    "0002": "CREATE TABLE orders (id serial PRIMARY KEY, account_id int REFERENCES accounts)",
}
VERSION_TABLE = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"


@dataclass(frozen=True)
class Stage:
    """One project and one database; both belong to the test."""

    project: ProjectCopy
    database: Database

    def run(self, *argv: str, **environ: str) -> Result:
        """Run headstart to its end on this project and this database."""
        return run_headstart(*argv, env=self._environ() | environ)

    def run_python(self, source: str) -> Result:
        """Run Python source in headstart's place, in the same environment."""
        return run_program(sys.executable, "-c", source, env=self._environ())

    def start(self, *argv: str, **environ: str) -> Run:
        """Start headstart; use it as a context, which ends it."""
        return start_headstart(*argv, env=self._environ() | environ)

    def run_shell(self, command: str) -> Result:
        """Run a shell's command line to its end in the same environment."""
        return run_program("/bin/sh", "-c", command, env=self._environ())

    def alembic(self, *command: str) -> Result:
        """Run the `alembic` command."""
        url = self.database.driver_url().replace("%", "%%")
        text = Path(self.project.ini).read_text()
        ini = self.project.path / "with_url.ini"
        assert "driver://user:pass@localhost/dbname" in text
        ini.write_text(text.replace("driver://user:pass@localhost/dbname", url))
        return run_program(PROGRAMS / "alembic", "-c", ini, *command, cwd=self.project.path)

    def rows(self) -> list[str] | None:
        """Return the version rows; None where there is no version table."""
        if "alembic_version" not in self.tables():
            return None
        return sorted(row[0] for row in self.database.query("SELECT * FROM alembic_version"))

    def tables(self, schema: str = "public") -> set[str]:
        """Return the names of the tables in a schema."""
        return {name for where, name in self.database.query(USER_TABLES) if where == schema}

    def catalog(self) -> Rows:
        """Return every relation and schema there is, with its file and its privileges."""
        return self.database.query(CATALOG)

    def make_version_table(self, *rows: str) -> None:
        """Make Alembic's version table, with these rows."""
        values = "".join(f"; INSERT INTO alembic_version VALUES ('{row}')" for row in rows)
        self.database.execute(VERSION_TABLE + values)

    def make_by_hand(self, last: str) -> None:
        """Make the tables up to a revision as somebody does who does not use Alembic."""
        for revision, statement in MADE_BY_HAND.items():
            if revision <= last:
                self.database.execute(statement)

    @contextmanager
    def login(self) -> Iterator[str]:
        """Give an ordinary role, which owns nothing and may not create in schema public."""
        with a_role(self.database, "app") as role:
            self.database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            yield role

    def url_of(self, role: str) -> str:
        """Return the URL with which a role of ours logs in."""
        return self.database.url_of(role)

    def _environ(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database.url, "HEADSTART_ALEMBIC_INI": self.project.ini}


def assert_untouched(stage: Stage) -> str:
    """Fail where check, plan and run do not refuse alike, or change anything."""
    before = stage.catalog()
    messages = set()
    for verb in ("check", "plan", "run"):
        verdict = stage.run(verb).verdict
        assert (verdict["exit_code"], verdict["outcome"]) == (22, "unproven"), verdict
        assert verdict["state"] == "unversioned"
        messages.add((verdict["error"]["message"], verdict["next_step"]))
    assert stage.catalog() == before
    assert len(messages) == 1
    return " ".join(messages.pop())
