"""A short campaign: each kind of fault at moments that the dice choose; `make campaign` is long."""

from collections.abc import Iterator

import pytest

from tests.campaign.kinds import KINDS
from tests.campaign.projects import Project, make_projects
from tests.campaign.scene import Scene
from tests.harness.embedded import PostgresServer

SEED = 20261129
TIMES = 2

Stage = tuple[PostgresServer, tuple[Project, ...]]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that may be restarted and crashed, and the projects."""
    with PostgresServer(18) as server:
        yield server, make_projects(server, tmp_path_factory.mktemp("projects"))


@pytest.mark.parametrize("number", range(len(KINDS) * TIMES))
def test_a_fault_leaves_nothing_that_a_later_run_cannot_mend(stage: Stage, number: int) -> None:
    server, projects = stage
    report = Scene.drawn(SEED, number, projects).play(server)
    assert report.violations == [], report
