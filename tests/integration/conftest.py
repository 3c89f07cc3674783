"""What the tests of the job share: a project to spoil, and a stage with a database for it."""

from pathlib import Path

import pytest

from tests.conftest import Database, RunHeadstart
from tests.integration.plain import PlainProject, copy_plain
from tests.integration.stage import Stage


@pytest.fixture
def project(tmp_path: Path) -> PlainProject:
    """Give a copy of the plain project."""
    return copy_plain(tmp_path / "project")


@pytest.fixture
def stage(project: PlainProject, database: Database, run_headstart: RunHeadstart) -> Stage:
    """Give a copy of the plain project and an empty database."""
    return Stage(project, database, run_headstart)
