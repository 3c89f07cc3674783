"""A stage on a server whose log can be read, and a database in which everything is planted."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.project import ProjectCopy
from tests.harness.server import Database, empty_database
from tests.integration.known_stage import KnownStage
from tests.integration.planted import ROLE, CallLog, plant

AS_EVER, THEIRS_FIRST = '"$user", public', "public, pg_catalog"


@pytest.fixture(scope="module", params=[16, 18])
def own_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server whose log can be read, with the role that plants."""
    with PostgresServer(request.param) as server:
        server.execute(f"CREATE ROLE {ROLE} LOGIN")
        yield server


@pytest.fixture(scope="module")
def planted(own_server: PostgresServer) -> Database:
    """A template that has everything planted."""
    own_server.execute("CREATE DATABASE planted TEMPLATE template0")
    database = Database(own_server, "planted")
    plant(database)
    return database


@pytest.fixture
def log(own_server: PostgresServer) -> CallLog:
    """What is called."""
    return CallLog(own_server)


@pytest.fixture
def bare(
    own_server: PostgresServer,
    project: ProjectCopy,
    plain_fingerprints: str,
) -> Iterator[KnownStage]:
    """Give the plain project with its fingerprints, and an empty database on that server."""
    with empty_database(own_server) as database:
        stage = KnownStage(project, database)
        stage.file.write_text(plain_fingerprints)
        yield stage


def on_planted(stage: KnownStage, planted: Database, path: str) -> KnownStage:
    """The stage on a database with everything planted, and this search_path."""
    name = f"test_{uuid4().hex[:12]}"
    planted.server.execute(f"CREATE DATABASE {name} TEMPLATE {planted.name}")
    planted.server.execute(f"ALTER DATABASE {name} SET search_path = {path}")
    return replace(stage, database=Database(planted.server, name))
