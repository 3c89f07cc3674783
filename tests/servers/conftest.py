"""Servers that the wheel of `make test` cannot be: in containers, so these tests need an engine."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.servers.containers import remove_leftovers, require_engine
from tests.servers.databases import OFFICIAL, Database, debian_server, official_server


@pytest.fixture(scope="session", autouse=True)
def engine(worker_id: str) -> None:
    """A container engine; without one these tests fail, for a skip would look like a success."""
    require_engine()
    if worker_id in ("master", "gw0"):  # each container can be removed by one process only
        remove_leftovers()


@pytest.fixture(scope="session")
def official_servers() -> Iterator[Callable[[int], Database]]:
    """Servers of the official image by version, each started when it is asked for first.

    They stay to the very end: tests that run in parallel come in any order.
    """
    with ExitStack() as running:

        @cache
        def of_version(version: int) -> Database:
            return running.enter_context(official_server(version))

        yield of_version


@pytest.fixture(scope="session", params=OFFICIAL)
def official(
    request: pytest.FixtureRequest, official_servers: Callable[[int], Database]
) -> Database:
    """A server of the official image, once per version."""
    return official_servers(request.param)


@pytest.fixture
def database(official: Database) -> Database:
    """An empty database on it."""
    return official.create()


@pytest.fixture(scope="session")
def debian() -> Iterator[Database]:
    """A server with German messages that asks for TLS, but for its database `clear`."""
    with debian_server() as server:
        server.query("CREATE DATABASE clear")
        yield server
