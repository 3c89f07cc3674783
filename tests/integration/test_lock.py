"""The run lock: what it survives, what it tells, and what its loss leads to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import psycopg2.extensions
import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.beside import second_connection
from headstart.postgres.identity import Identity
from headstart.postgres.lock import hold_lock
from headstart.postgres.lock_polling import LockWait, acquire
from headstart.postgres.patience import Patience
from headstart.process.deadline import deadline_after
from headstart.verdict.errors import ConnectionLost
from headstart.verdict.events.event import NullSink
from tests.harness.embedded import PostgresServer
from tests.harness.server import Database, a_role
from tests.harness.slow import APPLIED, run, start

HOLDER = "headstart:lock:1234abcd:pod-7"
ORPHAN = "headstart:work:1234abcd:pod-7"
LOCKS = "SELECT {} FROM pg_stat_activity WHERE application_name LIKE 'headstart:lock:%'"
USER_TABLES = "SELECT relation FROM pg_locks WHERE pid = {pid} AND relation >= 16384"
"""Smaller numbers are the catalog's: what pg_stat_activity is made of."""
SOON_SECONDS = 30
"""Half of what the run would last; it ends at the next heartbeat, after 2 s."""
ROLE_TIMEOUTS = {
    "idle_in_transaction_session_timeout": "1s",
    "statement_timeout": "500ms",
    "lock_timeout": "500ms",
    "idle_session_timeout": "1s",
}


@contextmanager
def connected(database: Database, name: str) -> Iterator[psycopg2.extensions.cursor]:
    """Give the cursor of another client of that application_name, in a transaction."""
    connection = psycopg2.connect(database.url, application_name=name)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@pytest.fixture
def impatient(database: Database) -> Iterator[str]:
    """The URL of a role whose own timeouts would each end a run of four seconds."""
    timeouts = dict(ROLE_TIMEOUTS)
    if int(str(database.query("SHOW server_version_num")[0][0])) >= 170000:
        timeouts["transaction_timeout"] = "2s"
    with a_role(database, "impatient") as role:
        database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        for name, value in timeouts.items():
            database.execute(f"ALTER ROLE {role} SET {name} = '{value}'")
        yield database.url_of(role)


@pytest.mark.parametrize("slow_in", ["statement", "python"])
def test_timeouts_of_the_role_break_neither_the_lock_nor_a_long_revision(
    impatient: str, slow_in: str
) -> None:
    end = run(impatient, SLOW_IN=slow_in, SLOW_SECONDS="4")
    assert end.outcome == "upgraded"
    assert end.applied == APPLIED


def test_the_holder_is_named_when_the_lock_is_not_free_in_time(database: Database) -> None:
    with connected(database, HOLDER) as holder:
        holder.execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY}), pg_backend_pid()")
        pid = (holder.fetchone() or ())[1]
        end = run(database.url, HEADSTART_LOCK_SECONDS="1")
    assert end.outcome == "lock_unavailable"
    assert end.exit_code == 11
    assert f"pid {pid} ({HOLDER})" in end.verdict["error"]["message"]
    assert end.verdict["lock_wait_seconds"] >= 1
    assert database.query("SELECT to_regclass('alembic_version')") == [(None,)]


def test_the_holder_is_named_with_its_run_and_its_pod(database: Database) -> None:
    with start(database.url, SLOW_SECONDS="8", HEADSTART_POD_NAME="minirag-7-x7k2p") as holder:
        holder.await_event("revision_started", revision="0002")
        waiting = run(database.url, HEADSTART_LOCK_SECONDS="0.5")
        run_id = holder.end().verdict["run_id"]
    assert waiting.outcome == "lock_unavailable"
    assert f"(headstart:lock:{run_id}:minirag-7-x7k2p)" in waiting.verdict["error"]["message"]


@pytest.mark.parametrize("slow_in", ["statement", "python"])
def test_a_lost_lock_ends_the_run_at_once(database: Database, slow_in: str) -> None:
    """Another run may begin by then; it would end this one's work as an orphan's."""
    with start(database.url, SLOW_SECONDS="60", SLOW_IN=slow_in) as started:
        started.await_event("revision_started", revision="0002")
        assert database.query(LOCKS.format("pg_terminate_backend(pid)")) == [(True,)]
        end = started.end()
    assert end.outcome == "connection_lost"
    assert end.exit_code == 13
    assert "run lock" in end.verdict["error"]["message"]
    assert end.applied == end.verdict["to"] == APPLIED[:1]
    assert end.seconds < SOON_SECONDS
    assert database.query("SELECT to_regclass('second')") == [(None,)]


def test_a_waiter_whose_connection_is_lost_goes_on_waiting(database: Database) -> None:
    with connected(database, "somebody") as holder:
        holder.execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})")
        with start(database.url, SLOW_SECONDS="0") as waiter:
            waiter.await_event("lock_waited")
            database.query(LOCKS.format("pg_terminate_backend(pid)"))
            holder.connection.rollback()
            assert waiter.end().outcome == "upgraded"


def test_the_locks_connection_keeps_no_snapshot_and_no_lock_on_any_table(
    database: Database,
) -> None:
    """Else CREATE INDEX CONCURRENTLY and VACUUM would wait for the run, and our own DDL too."""
    with start(database.url, SLOW_SECONDS="3") as started:
        started.await_event("revision_started", revision="0002")
        seen = database.query(LOCKS.format("backend_xmin, backend_xid, state, pid"))
        ((xmin, xid, state, pid),) = seen
        tables = database.query(USER_TABLES.format(pid=pid))
        assert started.end().outcome == "upgraded"
    assert (xmin, xid, state) == (None, None, "idle in transaction")
    assert tables == []


def test_a_transaction_that_a_dead_run_left_open_is_ended_first(database: Database) -> None:
    with connected(database, ORPHAN) as orphan:
        orphan.execute("CREATE TABLE first ()")
        end = run(database.url, SLOW_SECONDS="0")
        with pytest.raises(psycopg2.OperationalError):
            orphan.execute("SELECT")
    found = [event["orphans"] for event in end.events if event["event"] == "orphans_found"]
    assert ORPHAN in found[0][0]
    assert end.outcome == "upgraded"


def test_what_looks_like_a_dead_run_but_is_not_ours_to_end_is_waited_for(
    database: Database,
) -> None:
    """A role may not terminate the backends of a superuser."""
    with a_role(database, "modest") as role, connected(database, ORPHAN) as orphan:
        orphan.execute("CREATE TABLE first ()")
        end = run(database.url_of(role), HEADSTART_LOCK_SECONDS="3")
    assert end.outcome == "lock_unavailable"
    assert ORPHAN in end.verdict["error"]["message"]


def test_a_server_that_goes_away_while_the_lock_is_waited_for_is_unreachable() -> None:
    """Nobody holds the lock of a server that is gone: the verdict must not say so."""
    with PostgresServer(18) as server:
        holder = psycopg2.connect(server.url(), application_name=HOLDER)
        with holder.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})")
        with start(server.url(), HEADSTART_LOCK_SECONDS="6") as waiting:
            waiting.await_event("lock_waited")
            server.stop("immediate")
            end = waiting.end()
        holder.close()
    assert end.outcome == "unreachable"
    assert end.exit_code == 10
    assert end.verdict["lock_wait_seconds"] >= 6


def test_a_server_that_is_gone_before_the_second_connection_is_lost_and_no_pool_is_too_small() -> (
    None
):
    with PostgresServer(18) as own:
        identity = Identity("1234abcd", "pod-7")
        wait = LockWait(
            own.parameters,
            identity,
            deadline_after(60, time.monotonic()),
            NullSink(),
            report_seconds=10,
            silence_seconds=60,
            lost=lambda _: None,
        )
        with hold_lock(wait) as lock:
            own.stop("immediate")
            patience = Patience(wait.deadline, NullSink())
            second = second_connection(own.parameters, identity, lock, patience)
            with pytest.raises(ConnectionLost):
                second.__enter__()


def test_a_lock_is_not_taken_on_a_standby() -> None:
    """A name may lead to a primary now and to a standby then: a lock there keeps nobody away."""
    with PostgresServer(18) as primary, primary.replica(conf=["hot_standby = on"]) as standby:
        wait = LockWait(
            standby.parameters,
            Identity("1234abcd", "pod-7"),
            deadline_after(60, time.monotonic()),
            NullSink(),
            report_seconds=10,
            silence_seconds=1,
            lost=lambda _: None,
        )
        with pytest.raises(ConnectionLost) as lost, hold_lock(wait):
            pass
    assert "standby" in str(lost.value)
    assert "target_session_attrs=read-write" in lost.value.next_step


def test_a_waiter_polls_sooner_again_where_the_lock_passes_from_run_to_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run before it has most likely left it nothing to do, and so the next ones."""
    pauses: list[float] = []
    with connected(database, HOLDER) as first, connected(database, HOLDER) as second:
        first.execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})")

        def passed(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 8:
                first.connection.rollback()
                second.execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})")
            if len(pauses) == 10:
                second.connection.rollback()

        monkeypatch.setattr("headstart.postgres.lock_polling.time.sleep", passed)
        wait = LockWait(
            lambda: database.parameters,
            Identity("1234abcd", "pod-7"),
            deadline_after(60, time.monotonic()),
            NullSink(),
            report_seconds=60,
            silence_seconds=60,
            lost=lambda _: None,
        )
        connection, was_awaited = acquire(wait, nonce=1)
        connection.close()
        assert was_awaited
    before, after = pauses[7], pauses[8]
    assert len(pauses) == 10
    assert after <= before / 2
