"""The run lock keeps no alembic command away: what a run meets then is not its scripts' fault."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.project import REVISIONS
from tests.harness.result import Result
from tests.integration.situations import ROLLS_BACK
from tests.integration.stage import Stage

# Alembic decides here, not the server's version
pytestmark = ON_ONE_SERVER

PAUSE = 'op.execute("SELECT pg_advisory_xact_lock(1)")\n'
"""A revision stops here for as long as the test holds this lock."""
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND datname = current_database()"
)
REVISIONS_RACED = {
    "a table": 'op.execute("CREATE TABLE notes (id int)")\n' + PAUSE,
    "a column": 'op.execute("ALTER TABLE orders ADD note text")\n' + PAUSE,
    "rows": PAUSE + "op.execute(\"INSERT INTO accounts (name) VALUES ('x')\")\n",
}
FAILS = PAUSE + 'op.execute("no SQL")\n'
STAMPED = "UPDATE alembic_version SET version_num = '0004'"


@contextmanager
def held_up(stage: Stage) -> Iterator[None]:
    """Hold up who comes to the pause; let go at the end of the block."""
    with psycopg2.connect(stage.database.url) as holder:
        holder.cursor().execute("SELECT pg_advisory_lock(1)")
        yield
    holder.close()


def wait_for(stage: Stage, how_many: int) -> None:
    until(lambda: stage.database.query(WAITING) == [(how_many,)], f"{how_many} wait for a lock")


def race(stage: Stage) -> Result:
    """Let the alembic command come first, and headstart while it is at work."""
    with ThreadPoolExecutor(1) as pool:
        with held_up(stage):
            other = pool.submit(stage.alembic, "upgrade", "head")
            wait_for(stage, 1)
            run = stage.start()
            wait_for(stage, 2)
        assert other.result().exit_code == 0, other.result().stderr
    with run:
        return run.end()


def assert_another_migrates(ended: Result, stage: Stage, row: str) -> None:
    assert (ended.exit_code, ended.outcome) == (14, "not_ready"), ended.verdict
    assert "something else is migrating this database" in ended.verdict["error"]["message"]
    assert "the run lock holds no alembic command back" in ended.verdict["next_step"]
    assert ended.applied == []
    again = stage.run()
    assert (again.exit_code, again.outcome) == (0, "nothing_to_do"), again.verdict
    assert stage.rows() == [row]


@pytest.mark.parametrize("body", REVISIONS_RACED.values(), ids=REVISIONS_RACED)
def test_a_run_beside_the_alembic_command_may_be_tried_again(stage: Stage, body: str) -> None:
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", body)
    assert_another_migrates(race(stage), stage, "0004")


def test_so_may_one_that_meets_it_at_an_empty_database(stage: Stage) -> None:
    stage.project.add("0004", "0003", PAUSE)
    assert_another_migrates(race(stage), stage, "0004")


@pytest.mark.parametrize("statement", [STAMPED, "DELETE FROM alembic_version"])
def test_what_somebody_else_writes_is_not_called_applied(stage: Stage, statement: str) -> None:
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", FAILS)
    with held_up(stage):
        run = stage.start()
        wait_for(stage, 1)
        stage.database.execute(statement)
    with run:
        ended = run.end()
    assert (ended.exit_code, ended.outcome) == (14, "not_ready"), ended.verdict
    assert "syntax error" in ended.verdict["error"]["message"]
    assert ended.applied == []


def test_nor_where_our_own_work_was_rolled_back(stage: Stage) -> None:
    """Each row is there at the end, and none of them is this run's."""
    before, after = ROLLS_BACK
    stage.project.edit_env(before, after.replace("\n\n\n", f"\n            {WRITTEN_BESIDE}\n\n\n"))
    ended = stage.run()
    assert ended.applied == []
    assert stage.rows() == REVISIONS[-1:]


WRITTEN_BESIDE = (
    "with connectable.begin() as other: other.exec_driver_sql('CREATE TABLE alembic_version"
    " (version_num varchar(32) PRIMARY KEY)'); other.exec_driver_sql(\"INSERT INTO"
    " alembic_version VALUES ('0003')\")"
)


def test_a_version_table_that_appears_meanwhile_is_not_env_pys_fault(stage: Stage) -> None:
    """Somebody has made it, without a row yet, after Alembic has looked whether it is there."""
    stage.project.edit_env("config = context.config\n", MAKES_THE_TABLE)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (14, "not_ready"), ended.verdict
    assert "somebody else has made it meanwhile" in ended.verdict["error"]["message"]


MAKES_THE_TABLE = """config = context.config
from sqlalchemy import create_engine, event, Table
@event.listens_for(Table, "before_create")
def made(table, connection, **_):
    with create_engine(config.get_main_option("sqlalchemy.url")).begin() as other:
        other.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32))")
"""


def test_a_failure_beside_nobody_stays_the_revisions(stage: Stage) -> None:
    stage.project.add("0004", "0003", 'op.execute("no SQL")')
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert ended.applied == REVISIONS
