"""A name that leads to another server in the middle of a run: to a standby, or to what is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.program import until
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.proxy import FaultyNetwork
from tests.harness.result import Result
from tests.harness.server import Database
from tests.integration.stage import Stage
from tests.integration.test_free_slots import ENV_PLACES, PAUSE


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    """A server of the tests' own, of which copies are made."""
    with PostgresServer(18) as server:
        yield server


@pytest.fixture
def stage(primary: PostgresServer, project: ProjectCopy) -> Iterator[Stage]:
    """A stage on it, whose env.py waits for the test."""
    primary.execute("CREATE DATABASE shop")
    yield Stage(project, Database(primary, "shop"))
    primary.execute("DROP DATABASE shop WITH (FORCE)")


class Scene:
    """A run through a network, which is led elsewhere while env.py waits."""

    def __init__(self, stage: Stage, tmp_path: Path, place: str) -> None:
        self._stage, self._at = stage, tmp_path / "at"
        env = stage.project.path / "alembic" / "env.py"
        env.write_text(ENV_PLACES[place](env.read_text(), PAUSE.format(at=str(self._at))))

    def run(self, elsewhere: PostgresServer, *, cut: bool) -> Result:
        """Run; `cut`: the old server's connections end."""
        port = self._stage.database.port
        with (
            FaultyNetwork(port) as network,
            self._stage.start(
                DATABASE_URL=network.through(self._stage.database.url),
                HEADSTART_WAIT_SECONDS="3",
            ) as started,
        ):
            until(self._at.exists, "env.py has come so far", 30)
            network.redirect(elsewhere.port)
            if cut:
                network.reset()
            self._at.unlink()
            return started.end()


def test_a_failover_that_lost_the_last_commit_is_a_lost_connection(
    stage: Stage, primary: PostgresServer, tmp_path: Path
) -> None:
    """The row on the new primary is an earlier one, and env.py is not to blame."""
    stage.run(HEADSTART_TARGET=REVISIONS[0])
    with primary.replica() as other:
        other.promote()
        end = Scene(stage, tmp_path, "after env.py").run(other, cut=True)
    assert (end.exit_code, end.outcome) == (13, "connection_lost"), end.verdict
    assert "env.py" not in end.verdict["next_step"]


@pytest.mark.parametrize("place", ENV_PLACES)
def test_a_standby_behind_the_same_name_is_named_and_nobody_is_blamed(
    stage: Stage, primary: PostgresServer, tmp_path: Path, place: str
) -> None:
    with primary.replica(conf=["hot_standby = on"]) as standby:
        end = Scene(stage, tmp_path, place).run(standby, cut=False)
    assert end.exit_code == 13, end.verdict
    assert "target_session_attrs=read-write" in end.verdict["next_step"]
    assert "another database" not in end.verdict["error"]["message"]


def test_another_primary_behind_the_same_name_is_another_database(
    stage: Stage, primary: PostgresServer, tmp_path: Path
) -> None:
    with primary.replica() as other:
        other.promote()
        end = Scene(stage, tmp_path, "before env.py connects").run(other, cut=False)
    assert (end.exit_code, end.outcome) == (2, "wrong_database"), end.verdict
