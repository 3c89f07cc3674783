"""What the tests of the job share: a project to spoil, and a stage with a database for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SERVERS, Database, RunHeadstart
from tests.integration.fingerprinting import Fingerprinter, empty_database
from tests.integration.known_stage import KnownStage
from tests.integration.plain import PlainProject, copy_plain
from tests.integration.stage import Stage
from tests.postgres_server import Server


@pytest.fixture
def project(tmp_path: Path) -> PlainProject:
    """Give a copy of the plain project."""
    return copy_plain(tmp_path / "project")


@pytest.fixture
def stage(project: PlainProject, database: Database, run_headstart: RunHeadstart) -> Stage:
    """Give a copy of the plain project and an empty database."""
    return Stage(project, database, run_headstart)


@pytest.fixture(scope="session")
def plain_fingerprints(
    servers: Callable[[str], Server],
    run_headstart: RunHeadstart,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Give the fingerprints of the plain project; one file for the servers of every version."""
    plain = copy_plain(tmp_path_factory.mktemp("fingerprints") / "project")
    with empty_database(servers(SERVERS[0])) as scratch:
        fingerprint = Fingerprinter(plain, scratch, run_headstart)
        fingerprint.build()
    return fingerprint.text


@pytest.fixture
def known(
    project: PlainProject, database: Database, run_headstart: RunHeadstart, plain_fingerprints: str
) -> KnownStage:
    """Give a copy of the plain project with its fingerprints, and an empty database."""
    stage = KnownStage(project, database, run_headstart)
    stage.file.write_text(plain_fingerprints)
    return stage


@pytest.fixture
def fingerprint(
    project: PlainProject, database: Database, run_headstart: RunHeadstart
) -> Fingerprinter:
    """Give a copy of the plain project and an empty scratch database."""
    return Fingerprinter(project, database, run_headstart)
