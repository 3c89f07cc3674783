"""A database of version N for each server, which each change gets a copy of."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.harness.server import Database, Server, empty_database
from tests.newer.proof import put_in_place


@pytest.fixture(scope="session")
def template(servers: Callable[[str], Server]) -> Iterator[Callable[[str], Database]]:
    """The database of version N on a server, by the server's name."""
    with ExitStack() as made:

        @cache
        def on(name: str) -> Database:
            database = made.enter_context(empty_database(servers(name), "template1"))
            put_in_place(database)
            return database

        yield on
