"""How attempts end: by time, a deadline, a signal, a loss, or the end of who is in the way."""

import threading
from contextlib import closing

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.integration.blocked_runs import (
    ADD,
    BLOCKED,
    DRIVERS,
    give,
    held,
    run_past,
    use,
)
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


def test_at_the_end_of_the_time_who_is_in_the_way_is_named(behind: Stage) -> None:
    behind.project.add("0004", "0003", ADD)
    with held(behind.database, 60) as process:
        ended = behind.run(HEADSTART_DDL_RETRY_SECONDS="2")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert f"waits for pid {process} (a holder)" in ended.verdict["error"]["message"]
    assert f"pg_terminate_backend({process})" in ended.verdict["next_step"]
    assert behind.rows() == ["0003"]


def test_an_idle_session_is_ended_where_that_is_allowed(behind: Stage) -> None:
    behind.project.add("0004", "0003", ADD)
    with closing(psycopg2.connect(behind.database.url)) as holder:
        holder.cursor().execute("SELECT 1 FROM accounts")
        ended = behind.run(
            HEADSTART_END_BLOCKERS="idle",
            HEADSTART_END_BLOCKERS_IDLE_SECONDS="3",
            HEADSTART_DDL_RETRY_SECONDS="30",
        )
        process = holder.info.backend_pid
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    (event,) = [event for event in ended.events if event["event"] == "blocker_ended"]
    assert event["pid"] == process


@pytest.mark.parametrize("at_work", [True, False])
def test_what_is_at_work_or_not_ours_is_never_ended(behind: Stage, *, at_work: bool) -> None:
    behind.project.add("0004", "0003", ADD)
    allowed = {
        "HEADSTART_END_BLOCKERS": "idle",
        "HEADSTART_END_BLOCKERS_IDLE_SECONDS": "1",
        "HEADSTART_DDL_RETRY_SECONDS": "4",
    }
    with behind.login() as role, closing(psycopg2.connect(behind.database.url)) as holder:
        if not at_work:
            give(behind, role)
        holder.cursor().execute("SELECT 1 FROM accounts")
        working = threading.Thread(target=holder.cursor().execute, args=["SELECT pg_sleep(12)"])
        if at_work:
            working.start()
            ended = behind.run(**allowed)
            working.join()
        else:  # the holder is a superuser's, and the run is not
            ended = behind.run(DATABASE_URL=behind.url_of(role), **allowed)
        holder.cursor().execute("SELECT 1")  # it is there
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert not [event for event in ended.events if event["event"] == "blocker_ended"]


def test_without_time_there_is_one_attempt(behind: Stage) -> None:
    behind.project.add("0004", "0003", ADD)
    with held(behind.database, 60):
        ended = behind.run(HEADSTART_DDL_RETRY_SECONDS="0")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "lock_attempts" not in ended.verdict
    assert ended.seconds > 4.5


@DRIVERS
def test_a_deadline_that_passes_while_it_pauses_ends_it_as_blocked(
    behind: Stage, driver: str
) -> None:
    behind.project.add("0004", "0003", ADD)
    url = use(behind, driver)
    with held(behind.database, 60):
        ended = behind.run(DATABASE_URL=url, HEADSTART_DEADLINE_SECONDS="9")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "(a holder)" in ended.verdict["error"]["message"]


def test_a_connection_that_is_lost_in_a_later_attempt_is_lost(behind: Stage) -> None:
    behind.project.add("0004", "0003", f"{ADD}op.execute('SELECT pg_sleep(60)')\n")
    with closing(psycopg2.connect(behind.database.url)) as holder, behind.start() as run:
        holder.cursor().execute("SELECT 1 FROM accounts")
        run.await_event(BLOCKED, 40)
        holder.rollback()
        ends = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep'"
        )
        until(lambda: behind.database.query(ends) == [(1,)], "the second sleeps", 30)
        ended = run.end(40)
    assert (ended.exit_code, ended.outcome) == (13, "connection_lost"), ended.verdict


def test_who_is_asked_to_end_in_a_later_attempt_ends_so(behind: Stage) -> None:
    behind.project.add("0004", "0003", f"{ADD}op.execute('SELECT pg_sleep(60)')\n")
    with closing(psycopg2.connect(behind.database.url)) as holder, behind.start() as run:
        holder.cursor().execute("SELECT 1 FROM accounts")
        run.await_event(BLOCKED, 40)
        holder.rollback()
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        until(lambda: behind.database.query(sleeping) == [(1,)], "the second sleeps", 30)
        run.process.terminate()
        ended = run.end(20)
    assert (ended.exit_code, ended.outcome) == (143, "sigterm"), ended.verdict


def test_who_is_asked_to_end_while_it_pauses_ends(behind: Stage) -> None:
    behind.project.add("0004", "0003", ADD)
    with held(behind.database, 60), behind.start() as run:
        run.await_event(BLOCKED)
        run.process.terminate()
        ended = run.end(20)
    assert (ended.exit_code, ended.outcome) == (143, "sigterm"), ended.verdict
    assert behind.rows() == ["0003"]


@pytest.mark.parametrize(
    ("sqlstate", "code", "outcome"),
    [("53100", 13, "server_failed"), ("P0001", 12, "blocked")],
    ids=["what may pass is told", "a mistake may come of the second attempt itself"],
)
def test_what_a_later_attempt_raises(behind: Stage, sqlstate: str, code: int, outcome: str) -> None:
    raises = f"op.execute(\"DO $$BEGIN RAISE 'no' USING ERRCODE = '{sqlstate}'; END$$\")\n"
    behind.project.add("0004", "0003", ADD + raises)
    ended = run_past(behind)
    assert (ended.exit_code, ended.outcome) == (code, outcome), ended.verdict
