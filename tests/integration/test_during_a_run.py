"""check and wait while a run is in progress: the lock tells, on each server."""

from contextlib import closing

import psycopg2

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


def test_a_run_that_begins_while_check_reads_is_in_progress(stage: Stage) -> None:
    """Check waits for the version table, no longer than a read may; a run begins meanwhile."""
    stage.database.execute("CREATE TABLE alembic_version (version_num varchar(32))")
    waits = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    waits += " AND wait_event_type = 'Lock'"
    for _ in range(5):
        with closing(psycopg2.connect(stage.database.url)) as table, stage.start("check") as asking:
            table.cursor().execute("LOCK TABLE alembic_version")
            until(lambda: stage.database.query(waits), "check, waiting for the version table")
            with closing(psycopg2.connect(stage.database.url)) as run:
                run.cursor().execute(f"SELECT pg_advisory_lock({RUN_LOCK_KEY})")
                table.rollback()
                answer = asking.end()
        if answer.outcome != "blocked":  # this machine was too slow for it
            break
    assert answer.exit_code == 14
    assert "a run is in progress" in answer.stdout


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
