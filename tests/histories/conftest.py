"""Databases that belong to an ordinary role, as an app's do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from tests.harness.server import Database, Server

MakeDatabase = Callable[..., Database]
"""(template="...") -> a new database, whose owner logs in"""


@pytest.fixture(scope="session")
def password() -> str:
    """The role's; it holds what an URL or an ini file could trip over."""
    return "s3cret%@/:$"


@pytest.fixture
def make_database(server: Server, password: str) -> Iterator[MakeDatabase]:
    """Make databases for one test."""
    with databases(server, password) as make:
        yield make


@contextmanager
def databases(server: Server, password: str) -> Iterator[MakeDatabase]:
    """Make databases, which are dropped afterwards, and so is their owner."""
    role = f"app_{uuid4().hex[:12]}"
    server.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    owner = Server(server.parameters(user=role, password=password))
    made: list[str] = []

    def make(template: str = "template1") -> Database:
        made.append(f"test_{uuid4().hex[:12]}")
        server.execute(f"CREATE DATABASE {made[-1]} TEMPLATE {template} OWNER {role}")
        return Database(owner, made[-1])

    yield make
    for name in made:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.execute(f"DROP ROLE {role}")
