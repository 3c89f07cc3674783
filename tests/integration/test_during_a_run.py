"""check and wait while a run is in progress: the lock tells, on each server."""

import psycopg2
import pytest

from headstart.facts.state import OurTables, Scope
from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.connection import Connection, connect
from headstart.postgres.inspection import inspect_database
from headstart.postgres.reader import Rows
from tests.harness.program import until
from tests.harness.server import Database
from tests.integration.stage import Stage

HOLDER = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'headstart:lock:%'"


def test_check_and_wait_during_a_run(stage: Stage) -> None:
    """check says that a run is in progress; wait is ready when that run is done."""
    stage.project.add("0004", "0003", 'op.execute("SELECT pg_advisory_xact_lock(1)")')
    somebody = psycopg2.connect(stage.database.url)
    somebody.cursor().execute("SELECT pg_advisory_lock(1)")
    with stage.start() as run, stage.start("wait", HEADSTART_WAIT_SECONDS="60") as waiting:
        until(lambda: stage.database.query(HOLDER), "the holder of the lock")
        answer = stage.run("check")
        assert answer.exit_code == 14
        assert "a run is in progress" in answer.stdout
        waiting.await_event("database_not_ready")
        assert waiting.process.poll() is None
        somebody.close()
        assert run.end().outcome == "upgraded"
        ended = waiting.end()
    assert (ended.exit_code, ended.outcome) == (0, "nothing_to_do")
    assert ended.verdict["wait_attempts"] > 1


@pytest.mark.parametrize("verb", ["check", "plan", "status"])
def test_what_makes_no_sense_in_the_middle_of_a_run_is_that_run(stage: Stage, verb: str) -> None:
    stage.database.execute("CREATE TYPE alembic_version AS ENUM ('a')")
    with psycopg2.connect(stage.database.url) as somebody:
        somebody.cursor().execute(f"SELECT pg_advisory_lock({RUN_LOCK_KEY})")
        during = stage.run(verb)
    somebody.close()
    after = stage.run(verb)
    assert (during.exit_code, after.exit_code) == (14, 23)
    assert "a run is in progress" in during.stdout + during.stderr


class Slow:
    """A connection that others get ahead of: after each of its reads they do one thing more."""

    server_version = 0

    def __init__(self, connection: Connection, others: Database, doing: list[str]) -> None:
        self._connection, self._others, self._doing = connection, others, doing

    def execute(self, sql: str, *, timeout_seconds: float = 9, pin: bool = True) -> Rows:
        rows = self._connection.execute(sql, timeout_seconds=timeout_seconds, pin=pin)
        if self._doing and "relname = 'alembic_version'" in sql:
            self._others.execute(self._doing.pop())
        return rows


def test_a_version_table_made_while_it_is_looked_for_is_no_type(database: Database) -> None:
    doing = ["CREATE TABLE alembic_version (version_num varchar(32))"]
    with connect(database.parameters, "headstart's tests") as connection:
        slow = Slow(connection, database, doing)
        facts = inspect_database(slow, Scope("alembic_version", None), OurTables)
    assert (facts.version_rows, doing) == ((), [])
