"""PostgreSQL in a container, databases on it, and PgBouncer in front of it."""

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
import pytest

from tests.harness import server
from tests.harness.program import until
from tests.servers.containers import Container, build, running

USER, PASSWORD = "app", "s3cret"
PGBOUNCER_IMAGE = os.environ.get("HEADSTART_TEST_PGBOUNCER_IMAGE") or "edoburu/pgbouncer"
DEBIAN_IMAGE = "headstart-tests/debian"
CONNECT_SECONDS = 5
OFFICIAL = (16, 18)
"""The versions of the official image that most rules are shown on."""
ON_ONE_SERVER = pytest.mark.parametrize("official", OFFICIAL[-1:], indirect=True, scope="session")
"""For rules of the pooler's, in which the version of the server behind it has no part."""

_numbers = itertools.count(1)

_PGBOUNCER_INI = """\
[databases]
{databases}
[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 5432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/users.txt
pool_mode = transaction
{settings}
"""


@dataclass(frozen=True)
class Database:
    """A database in a container, as its owner sees it."""

    container: Container
    name: str

    def url(self, container: Container | None = None, **changes: str) -> str:
        """Its URL, there or through a pooler; user, password, name and parameters may differ."""
        user, password = changes.pop("user", USER), changes.pop("password", PASSWORD)
        name, port = changes.pop("name", self.name), (container or self.container).port
        query = f"?{urlencode(changes)}" if changes else ""
        return f"postgresql://{user}:{password}@127.0.0.1:{port}/{name}{query}"

    def through(self, container: Container | None = None) -> server.Database:
        """The same as other suites have it, there or through a pooler."""
        port = str((container or self.container).port)
        login = {"host": "127.0.0.1", "port": port, "user": USER, "password": PASSWORD}
        return server.Database(server.Server(login), self.name)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """What another connection sees and does, past every pooler; it commits."""
        connection = psycopg2.connect(self.url(), connect_timeout=CONNECT_SECONDS)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create(self) -> "Database":
        """Another, empty database beside it."""
        name = f"test_{next(_numbers)}"
        self.query(f"CREATE DATABASE {name}")
        return Database(self.container, name)

    def accepts(self) -> bool:
        """Whether it accepts connections from here; initdb's temporary server never does."""
        try:
            self.query("SELECT")
        except psycopg2.OperationalError:
            return False
        return True


@contextmanager
def official_server(version: int, *settings: str) -> Iterator[Database]:
    """The official image; its first user is a superuser."""
    environment = {"POSTGRES_USER": USER, "POSTGRES_PASSWORD": PASSWORD}
    arguments = _options("fsync=off", *settings)
    with running(f"postgres:{version}", *arguments, environment=environment) as container:
        database = Database(container, USER)
        until(database.accepts, "a server that accepts", 60)
        yield database


@contextmanager
def debian_server(*settings: str) -> Iterator[Database]:
    """The image of this folder: German messages, TLS."""
    build(str(Path(__file__).parent / "debian"), DEBIAN_IMAGE)
    arguments = _options("listen_addresses=*", "ssl=on", "fsync=off", *settings)
    with running(DEBIAN_IMAGE, "postgres", *arguments) as container:
        until(lambda: _is_ready(container), "a server that accepts", 60)
        role = f"CREATE ROLE {USER} SUPERUSER LOGIN PASSWORD '{PASSWORD}'"
        container.run("psql", "--command", role, "--command", f"CREATE DATABASE {USER}")
        yield Database(container, USER)


@contextmanager
def bouncer(
    database: Database, databases: Mapping[str, str] | None = None, **settings: object
) -> Iterator[Container]:
    """PgBouncer in transaction mode; `databases` instead of all of the server's."""
    host = f"host={database.container.address} port=5432"
    lines = {name: line.format(server=host) for name, line in (databases or {"*": host}).items()}
    files = {
        "/tmp/pgbouncer.ini": _PGBOUNCER_INI.format(
            databases=_lines(lines), settings=_lines(settings)
        ),
        "/tmp/users.txt": f'"{USER}" "{PASSWORD}"\n',
    }
    with running(
        PGBOUNCER_IMAGE, "/tmp/pgbouncer.ini", entrypoint="pgbouncer", files=files
    ) as container:
        until(lambda: "process up" in container.log(), "PgBouncer")
        yield container


def _options(*settings: str) -> list[str]:
    return [part for setting in settings for part in ("-c", setting)]


def _lines(pairs: Mapping[str, object]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in pairs.items())


def _is_ready(container: Container) -> bool:
    return container.succeeds("pg_isready", "--quiet", "--host=127.0.0.1")
