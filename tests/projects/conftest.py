"""Databases for projects."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.harness.server import Database, Server, empty_database

MakeDatabase = Callable[..., Database]
"""(template="...") -> a new database"""


@pytest.fixture
def make_database(server: Server) -> Iterator[MakeDatabase]:
    """Make databases, which are dropped afterwards."""
    with ExitStack() as made:
        yield lambda template="template1": made.enter_context(empty_database(server, template))
