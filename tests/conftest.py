"""What every test may ask for: a server of each version, and a fresh database.

HEADSTART_TEST_DATABASE_URL names a server to use (as superuser) instead of those from the wheel.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from psycopg2.extensions import parse_dsn

from tests.harness.embedded import PostgresServer
from tests.harness.server import Database, Server, empty_database

GIVEN_URL = os.environ.get("HEADSTART_TEST_DATABASE_URL", "")
SERVERS = ["given"] if GIVEN_URL else ["pg16", "pg18"]
ON_ONE_SERVER = pytest.mark.parametrize("server", SERVERS[-1:], indirect=True, scope="session")
"""For rules in which the server's version has no part: settings, files, documents, an app."""

# whoever started the tests may ignore it (nohup), and what a test starts would ignore it, too
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], Server]]:
    """Servers by name, each started when it is asked for first and stopped at the very end.

    Tests that run in parallel come in any order: a server a parameter would start anew each time.
    Without autovacuum, whose commits come when they like: tests of it have servers of their own.
    """
    with ExitStack() as running:

        @cache
        def named(name: str) -> Server:
            if name == "given":
                return Server(parse_dsn(GIVEN_URL))
            server = PostgresServer(int(name.removeprefix("pg")), conf=["autovacuum = off"])
            return running.enter_context(server)

        yield named


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Server:
    """A server of each version, or the one that was given."""
    return servers(request.param)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database, dropped afterwards together with whatever is still connected."""
    with empty_database(server, "template1") as made:
        yield made
