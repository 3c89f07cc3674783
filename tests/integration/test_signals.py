"""SIGTERM and SIGINT end a run within seconds wherever it is, and leave nothing half done."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY, held_condition
from tests.harness.embedded import PostgresServer
from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import Run, until
from tests.harness.result import Result
from tests.harness.server import Database, refusing_port
from tests.harness.slow import APPLIED, run, start

STUCK_SECONDS = 30
"""What a run may need at a server that does not answer; it says its last words after 6 s."""
SOON_SECONDS = 30
"""Half of what it would last without the signal: the machine may be busy."""
HELD = f"SELECT FROM pg_locks l WHERE {held_condition(RUN_LOCK_KEY)}"
IDLE_WORKER = (
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    " AND application_name LIKE 'headstart:work:%' AND query LIKE '%second%'"
)

BUSY = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'headstart:work:%'"
    " AND state <> 'idle' AND (query LIKE '%pg_sleep(60%' OR query LIKE '%second%')"
)

BOTH = pytest.mark.parametrize(
    ("signum", "outcome", "code"),
    [
        (signal.SIGTERM, "sigterm", 143),
        (signal.SIGINT, "sigint", 130),
        (signal.SIGHUP, "sigterm", 143),
    ],
    ids=["SIGTERM", "SIGINT", "SIGHUP"],
)


def end_by(signum: signal.Signals, started: Run) -> Result:
    """Send the signal and wait for the end."""
    started.process.send_signal(signum)
    end = started.end()
    assert end.seconds < SOON_SECONDS
    return end


def assert_rolled_back(end: Result, database: Database) -> None:
    """Only the first revision was committed, nothing is at work, and a next run goes on."""
    assert end.applied == end.verdict["to"] == APPLIED[:1]
    assert database.query("SELECT to_regclass('second')") == [(None,)]
    assert database.query(SLEEPERS) == [(0,)]
    assert database.query(HELD) == []
    assert run(database.url, SLOW_SECONDS="0").applied == APPLIED[1:]


@contextmanager
def in_second_revision(database: Database, **environ: str) -> Iterator[Run]:
    """A run that is a minute from the end of its second revision."""
    with start(database.url, SLOW_SECONDS="60", **environ) as started:
        started.await_event("revision_started", revision="0002")
        yield started


@BOTH
def test_while_it_waits_for_the_database(signum: signal.Signals, outcome: str, code: int) -> None:
    with start(f"postgresql://app:pw@127.0.0.1:{refusing_port()}/shop") as started:
        started.await_event("connection_failed", attempt=3)
        end = end_by(signum, started)
    assert (end.outcome, end.exit_code) == (outcome, code)


@BOTH
def test_while_it_waits_for_the_lock(
    database: Database, signum: signal.Signals, outcome: str, code: int
) -> None:
    holder = psycopg2.connect(database.url)
    holder.cursor().execute(f"SELECT pg_advisory_lock({RUN_LOCK_KEY})")
    with start(database.url) as started:
        started.await_event("lock_waited")
        end = end_by(signum, started)
    holder.close()
    assert (end.outcome, end.exit_code) == (outcome, code)
    assert database.query("SELECT to_regclass('alembic_version')") == [(None,)]


@BOTH
def test_during_a_statement_which_is_cancelled_on_the_server(
    database: Database, signum: signal.Signals, outcome: str, code: int
) -> None:
    with in_second_revision(database) as started:
        until(lambda: database.query(SLEEPERS) == [(1,)], "a statement that takes a minute")
        end = end_by(signum, started)
    assert (end.outcome, end.exit_code) == (outcome, code)
    assert_rolled_back(end, database)


@BOTH
def test_while_a_revision_sleeps_in_python(
    database: Database, signum: signal.Signals, outcome: str, code: int
) -> None:
    with in_second_revision(database, SLOW_IN="python") as started:
        until(lambda: database.query(IDLE_WORKER) == [(1,)], "a revision that sleeps")
        end = end_by(signum, started)
    assert (end.outcome, end.exit_code) == (outcome, code)
    assert_rolled_back(end, database)


# --- A server that does not answer any more ----------------------------------------------------


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may freeze."""
    with PostgresServer(18) as server:
        yield server


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Stop its processes where they are, as a host does that hangs; they go on after the block."""
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = [postmaster, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):  # the first ones to go on may end the others
                os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("place", ["sql", "python"])
def test_a_signal_ends_a_run_whose_server_does_not_answer(
    own_server: PostgresServer, place: str
) -> None:
    """In a statement, and in the rollback of one: the main thread is in C, and stays there."""
    name = f"signal_{place}"
    own_server.execute(f"CREATE DATABASE {name}")
    database = Database(own_server, name)
    with in_second_revision(database, SLOW_IN=place) as started:
        until(lambda: database.query(BUSY) == [(1,)], "a revision at work")
        with frozen(own_server):
            started.process.send_signal(signal.SIGTERM)
            end = started.end(STUCK_SECONDS)
    assert (end.outcome, end.exit_code) == ("sigterm", 143)
    assert end.applied == APPLIED[:1]
    assert "to" not in end.verdict, "nobody could look"
    until(lambda: database.query(BUSY) == [(0,)], "a server that has noticed")
    assert run(database.url, SLOW_SECONDS="0").applied == APPLIED[1:]


def test_a_deadline_that_passes_in_silence_is_not_the_revisions_fault(
    own_server: PostgresServer,
) -> None:
    own_server.execute("CREATE DATABASE deadline")
    database = Database(own_server, "deadline")
    with in_second_revision(database, HEADSTART_DEADLINE_SECONDS="10") as started:
        until(lambda: database.query(BUSY) == [(1,)], "a revision at work")
        with frozen(own_server):
            end = started.end(STUCK_SECONDS)
    assert (end.outcome, end.exit_code) == ("connection_lost", 13)
    assert "no longer answers" in end.verdict["error"]["message"]


def test_a_second_signal_ends_it_on_the_spot_there_too(own_server: PostgresServer) -> None:
    own_server.execute("CREATE DATABASE twice")
    database = Database(own_server, "twice")
    with in_second_revision(database) as started:
        until(lambda: database.query(BUSY) == [(1,)], "a revision at work")
        with frozen(own_server):
            started.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            started.process.send_signal(signal.SIGTERM)
            assert started.process.wait(STUCK_SECONDS) == 143
        assert started.events()[-1]["event"] != "run_finished"
