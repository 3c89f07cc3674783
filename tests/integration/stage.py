"""A project, a database and headstart, brought together for one test.

What is asserted comes from the verdict and from a second connection, never from the run itself.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.conftest import Database, Finished, RunHeadstart, clean_environ
from tests.integration.plain import PlainProject
from tests.integration.runs import Run
from tests.postgres_server import Rows

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
ROLE_PASSWORD = "s3cret"
VERSION_TABLE = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"


@dataclass(frozen=True)
class Stage:
    """One project and one database; both belong to the test."""

    project: PlainProject
    database: Database
    run_headstart: RunHeadstart

    def run(self, *argv: str, **environ: str) -> Finished:
        """Run headstart to its end on this project and this database."""
        return self.run_headstart(*argv, env=self._environ() | environ)

    def run_python(self, source: str) -> Finished:
        """Run Python source in headstart's place, in the same environment."""
        done = subprocess.run(
            [sys.executable, "-c", source],
            env=clean_environ() | self._environ(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def start(self, *argv: str, **environ: str) -> Run:
        """Start headstart; use it as a context, which ends it."""
        url, ini = self.database.url, self.project.ini
        return Run(url, *argv, **{"HEADSTART_ALEMBIC_INI": ini} | environ)

    def start_shell(self, command: str) -> "subprocess.Popen[str]":
        """Run a shell's command line in the same environment, as text, with pipes for output."""
        return subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=clean_environ() | self._environ() | {"HEADSTART_LOG_FORMAT": "json"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

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
        role = f"{self.database.name}_app"
        self.database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{ROLE_PASSWORD}'")
        self.database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        try:
            yield role
        finally:
            self.database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")

    def url_of(self, role: str) -> str:
        """Return the URL with which a role of ours logs in."""
        return self.database.server.url(
            dbname=self.database.name, user=role, password=ROLE_PASSWORD
        )

    def _environ(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database.url, "HEADSTART_ALEMBIC_INI": self.project.ini}
