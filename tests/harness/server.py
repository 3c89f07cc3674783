"""A server that accepts connections, and databases on it.

What is asserted of a database is asked here, on a connection of the test's own.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg2
from sqlalchemy import URL

Rows = list[tuple[Any, ...]]


class Server:
    """A server that accepts connections as superuser under libpq's parameters."""

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

    @property
    def sqlalchemy_url(self) -> str:
        """The URL as SQLAlchemy takes it."""
        given = self.parameters
        url = URL.create(
            "postgresql+psycopg2",
            given.get("user"),
            given.get("password"),
            given.get("host"),
            self.port,
            self.name,
        )
        return url.render_as_string(hide_password=False)

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


@contextmanager
def empty_database(server: Server, template: str = "template0") -> Iterator[Database]:
    """Give a database, dropped at the end together with whatever is still connected."""
    name = f"test_{uuid4().hex[:12]}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield Database(server, name)
    finally:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def free_port() -> int:
    """Return a TCP port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
