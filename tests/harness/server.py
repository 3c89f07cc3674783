"""A server that accepts connections, and databases on it.

What is asserted of a database is asked here, on a connection of the test's own.
"""

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg2

from headstart.dev.embedded import programs
from headstart.facts.sql import identifier
from tests.harness.program import run_program

Rows = list[tuple[Any, ...]]
ROLE_PASSWORD = "s3cret"
CLIENTS = 18
"""The version of the programs: it works with every older server."""
VERSION_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num'
    WHERE c.relkind = 'r' ORDER BY 1, 2
"""
"""Wherever a project keeps them."""
_HELD: list[socket.socket] = []


class Server:
    """A server that accepts connections as superuser under libpq's parameters."""

    copying = ""
    """How CREATE DATABASE copies the template, where another way than its own is cheaper."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = dict(parameters)

    def parameters(self, **overrides: str) -> dict[str, str]:
        """Return libpq's parameters; an empty value takes one away."""
        merged = self._parameters | overrides
        return {name: value for name, value in merged.items() if value}

    def url(self, **overrides: str) -> str:
        """Return the parameters as a URL."""
        rest = self.parameters(**overrides)
        user, password = (quote(rest.pop(name, ""), safe="") for name in ("user", "password"))
        host, port = rest.pop("host", ""), rest.pop("port", "")
        name = quote(rest.pop("dbname", ""), safe="")
        if host.startswith("/"):
            rest |= {"host": host, "port": port}
            host, port = "", ""
        login = f"{user}:{password}@" if password else f"{user}@"
        address = f"{host}:{port}" if port else host
        return f"postgresql://{login}{address}/{name}" + (f"?{urlencode(rest)}" if rest else "")

    def execute(self, sql: str, **overrides: str) -> Rows:
        """Execute statements without a transaction around them; return the last one's rows."""
        arguments: dict[str, Any] = {**self.parameters(**overrides)}
        connection = psycopg2.connect(**arguments)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


_RECORD = re.compile(
    r"--\n-- Name: [^\n]* Type: COMMENT; [^\n]*\n--\n\n"
    r"COMMENT ON TABLE [^\n]* IS '\{\"headstart\": 1, [^\n]*\}';\n\n\n"
)
"""The comment on a version table, as pg_dump writes it."""


@dataclass(frozen=True)
class Database:
    """A database of a test's own; everything here goes through a second connection."""

    server: Server
    name: str

    @property
    def parameters(self) -> dict[str, str]:
        """libpq's parameters, the password included."""
        return self.server.parameters(dbname=self.name)

    @property
    def url(self) -> str:
        """The URL as a user writes it."""
        return self.server.url(dbname=self.name)

    def url_of(self, role: str, password: str = ROLE_PASSWORD) -> str:
        """The URL with which another role logs in."""
        return self.server.url(dbname=self.name, user=role, password=password)

    def driver_url(self, driver: str = "psycopg2") -> str:
        """The URL as SQLAlchemy takes it, with the name of a driver."""
        return self.url.replace("postgresql://", f"postgresql+{driver}://", 1)

    @property
    def port(self) -> int:
        """The server's TCP port."""
        return int(self.parameters.get("port", "5432"))

    def query(self, sql: str) -> Rows:
        """Return the rows of a statement."""
        return self.server.execute(sql, dbname=self.name)

    def execute(self, sql: str) -> None:
        """Execute statements, each committed."""
        self.server.execute(sql, dbname=self.name)

    def version_rows(self) -> dict[str, list[str]]:
        """What each version table holds."""
        found = {}
        for schema, table in self.query(VERSION_TABLES):
            place = f"{identifier(schema)}.{identifier(table)}"
            rows = self.query(f"SELECT version_num FROM {place} ORDER BY 1")
            found[f"{schema}.{table}"] = [str(row[0]) for row in rows]
        return found

    def dump(self, *, owners: bool = False, privileges: bool = False) -> str:
        """The schema as pg_dump writes it, without its random token, and without our record.

        The record tells when each revision was applied, and the alembic command keeps none.
        """
        options = ["--schema-only", *([] if owners else ["--no-owner"])]
        dumped = self.client("pg_dump", *options, *([] if privileges else ["--no-privileges"]))
        dumped = _RECORD.sub("", dumped)
        return re.sub(r"^\\(un)?restrict .*$", "", dumped, flags=re.MULTILINE)

    def client(self, program: str, *options: str, stdin: str = "") -> str:
        """Run one of PostgreSQL's own programs on it; return what it printed."""
        path = programs(CLIENTS) / program
        done = run_program(path, *options, f"--dbname={self.url}", stdin=stdin, timeout=120)
        assert done.exit_code == 0, done.stderr
        return done.stdout


@contextmanager
def empty_database(server: Server, template: str = "template0") -> Iterator[Database]:
    """Give a database, dropped at the end together with whatever is still connected."""
    name = f"test_{uuid4().hex[:12]}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}{server.copying}")
    try:
        yield Database(server, name)
    finally:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def a_role(
    database: Database, name: str, options: str = "", password: str = ROLE_PASSWORD
) -> Iterator[str]:
    """Give a role that logs in, called after the database; it goes with all that it has there."""
    role, literal = f"{database.name}_{name}", password.replace("'", "''")
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{literal}' {options}")
    try:
        yield role
    finally:
        database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@cache
def refusing_port() -> int:
    """Return a TCP port on which nobody listens, as long as this process lives."""
    held = socket.socket()
    _HELD.append(held)
    held.bind(("127.0.0.1", 0))  # without listen(): it refuses, and nobody else gets it
    return int(held.getsockname()[1])


def free_port() -> int:
    """Return a TCP port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
