"""Databases for projects."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.harness.server import Server
from tests.projects.playground import Address

MakeDatabase = Callable[..., Address]
"""(template="...") -> a new database"""


@pytest.fixture
def make_database(server: Server) -> Iterator[MakeDatabase]:
    """Make databases, which are dropped afterwards."""
    made: list[str] = []

    def make(template: str = "template1") -> Address:
        made.append(f"test_{uuid4().hex[:12]}")
        server.execute(f"CREATE DATABASE {made[-1]} TEMPLATE {template}")
        given = server.parameters(dbname=made[-1])
        place = given["host"], int(given.get("port", "5432"))
        return Address(*place, given["user"], given.get("password", ""), made[-1])

    yield make
    for name in made:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
