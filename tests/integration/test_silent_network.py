"""A network that goes silent ends a run in 13 within seconds; its node holds nothing for long."""

import shutil
import signal
import time
from collections.abc import Iterator

import psycopg2
import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from tests.conftest import ON_ONE_SERVER
from tests.harness.embedded import PostgresServer
from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import Run, until
from tests.harness.project import REVISIONS
from tests.harness.proxy import FaultyNetwork
from tests.harness.result import Result
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

SOON_SECONDS = 30
"""What a run may last after the network has gone silent: 15 s, and the machine may be busy."""
NEXT_SECONDS = 45
"""What a vanished node may keep the next run waiting, once Python has started."""
SLEEP = "op.execute('SELECT pg_sleep(600)')"
PLACES = {
    "a statement": SLEEP,
    "an autocommit block": f"with op.get_context().autocommit_block():\n    {SLEEP}",
    "swallowing": f"try:\n    {SLEEP}\nexcept BaseException:\n    raise ValueError from None",
    # the handler's exception is swallowed too: only the last words end this one
    "never ending": (
        f"import time\nwhile True:\n    try:\n        {SLEEP}\n        time.sleep(600)\n"
        "    except BaseException:\n        pass"
    ),
}


@pytest.fixture
def network(stage: Stage) -> Iterator[FaultyNetwork]:
    """A network before the stage's server."""
    with FaultyNetwork(stage.database.port) as network:
        yield network


def silence(stage: Stage, network: FaultyNetwork) -> None:
    """Wait for the statement, then say no more."""
    until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs", 60)
    network.silent.set()


def assert_lost_soon(started: Run, applied: list[str]) -> None:
    end = started.end()
    assert (end.exit_code, end.outcome) == (13, "connection_lost"), end.verdict
    assert end.seconds < SOON_SECONDS
    assert end.applied == applied
    assert "to" not in end.verdict  # nobody can know
    if "from" in end.verdict and "outside a transaction" not in end.verdict["next_step"]:
        assert "whether the last step was is not known" in end.verdict["next_step"]
        assert "rolled back" not in end.verdict["next_step"]


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_silence_in_a_revision_without_a_deadline(
    stage: Stage, network: FaultyNetwork, place: str
) -> None:
    stage.project.add("0004", "0003", place)
    with stage.start(DATABASE_URL=network.through(stage.database.url)) as started:
        silence(stage, network)
        assert_lost_soon(started, REVISIONS)


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_silence_with_an_async_driver(stage: Stage, network: FaultyNetwork, driver: str) -> None:
    shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    stage.project.add("0004", "0003", SLEEP)
    url = network.through(url_with(stage, driver))
    with stage.start(DATABASE_URL=url) as started:
        silence(stage, network)
        assert_lost_soon(started, REVISIONS)


@pytest.mark.parametrize("asked", ["connection", "connectable.connect()"], ids=["same", "other"])
def test_silence_in_env_py_before_it_configures(
    stage: Stage, network: FaultyNetwork, asked: str
) -> None:
    stage.project.edit_env(
        "        context.configure(\n            connection=connection",
        f"        {asked}.exec_driver_sql('SELECT pg_sleep(600)')\n"
        "        context.configure(\n            connection=connection",
    )
    with stage.start(DATABASE_URL=network.through(stage.database.url)) as started:
        silence(stage, network)
        assert_lost_soon(started, [])


def test_silence_while_the_lock_is_waited_for_ends_in_time(
    stage: Stage, network: FaultyNetwork
) -> None:
    stage.project.add("0004", "0003", SLEEP)
    with stage.start() as holder:
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs", 60)
        url = network.through(stage.database.url)
        with stage.start(DATABASE_URL=url, HEADSTART_LOCK_SECONDS="3") as waiting:
            waiting.await_event("lock_waited", 60)
            network.silent.set()
            end = waiting.end()
        holder.kill()
    assert end.exit_code in (10, 11)
    assert end.seconds < SOON_SECONDS


@pytest.mark.parametrize("event", ["database_accepted", "lock_waited"])
def test_a_silent_server_is_not_waited_for_as_long_as_a_lock(
    stage: Stage, network: FaultyNetwork, event: str
) -> None:
    with psycopg2.connect(stage.database.url) as holder, holder.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})")
        url = network.through(stage.database.url)
        with stage.start(DATABASE_URL=url, HEADSTART_WAIT_SECONDS="7") as waiting:
            waiting.await_event(event, 60)
            network.silent.set()
            end = waiting.end()
    holder.close()
    assert (end.exit_code, end.outcome) == (10, "unreachable"), end.verdict
    assert end.seconds < SOON_SECONDS
    assert "no answer within" in end.verdict["error"]["message"]
    held = [each["holder"] for each in end.events if each["event"] == "lock_waited"]
    assert not [holder for holder in held if "no answer" in holder]


FROZEN = "import ctypes\nctypes.PyDLL(None).sleep(33)"


def test_a_call_that_keeps_the_interpreter_is_told_as_the_cause_of_the_lost_lock(
    stage: Stage,
) -> None:
    stage.project.add("0004", "0003", f"{FROZEN}\nop.execute('SELECT 1')")
    with stage.start() as started:
        assert_starved(started.end(90))


def test_nor_is_a_machine_that_stopped_the_process_told_as_the_network(stage: Stage) -> None:
    stage.project.add("0004", "0003", SLEEP)
    with stage.start() as started:
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs", 60)
        started.process.send_signal(signal.SIGSTOP)
        time.sleep(33)
        started.process.send_signal(signal.SIGCONT)
        assert_starved(started.end(60))


def assert_starved(end: Result) -> None:
    assert (end.exit_code, end.outcome) == (13, "connection_lost"), end.verdict
    assert "this process did not run for 3" in end.verdict["error"]["message"]
    assert "split what the revision does" in end.verdict["next_step"]


@pytest.mark.parametrize("place", [SLEEP, "import time; time.sleep(600)"], ids=["sql", "python"])
def test_a_node_that_vanishes_holds_the_lock_for_half_a_minute_at_most(
    stage: Stage, network: FaultyNetwork, place: str
) -> None:
    """No FIN and no RST reaches the server; its worker holds a lock on a table of the app's."""
    stage.project.add("0004", "0003", f"op.execute('LOCK TABLE accounts')\n{place}")
    with stage.start(DATABASE_URL=network.through(stage.database.url)) as vanished:
        vanished.await_event("revision_started", 60, revision="0004")
        time.sleep(1)
        network.silent.set()
        vanished.kill()
        stage.project.remove("0004")
        stage.project.add("0004", "0003", "op.execute('LOCK TABLE accounts')")
        started = time.monotonic()
        with stage.start() as following:
            end = following.end(90)
    assert end.outcome == "upgraded", end.verdict
    assert stage.rows() == ["0004"]
    assert end.verdict["lock_wait_seconds"] < NEXT_SECONDS
    assert time.monotonic() - started < NEXT_SECONDS + SOON_SECONDS


GUARDS = "tcp_keepalives_idle", "tcp_keepalives_count", "tcp_user_timeout"
SHOWN = " || ' ' || ".join(f"current_setting('{name}')" for name in GUARDS)
RECORD = f'op.execute("""INSERT INTO guards SELECT \'{{}}\', {SHOWN}""")'


def test_the_server_watches_the_client_in_each_transaction_and_outside_of_one(
    stage: Stage,
) -> None:
    stage.run()
    stage.database.execute("CREATE TABLE guards (place text, shown text)")
    block = f"with op.get_context().autocommit_block():\n    {RECORD.format('block')}"
    stage.project.add("0004", "0003", f"{RECORD.format('transaction')}\n{block}")
    assert stage.run().verdict["outcome"] == "upgraded"
    assert dict(stage.database.query("SELECT * FROM guards")) == {
        "transaction": "10 3 30000",
        "block": "10 3 30000",
    }


@pytest.mark.parametrize("major", [16, 18])
def test_a_unix_socket_needs_no_such_watch(stage: Stage, major: int) -> None:
    block = "with op.get_context().autocommit_block():\n    op.execute('SELECT 1')"
    stage.project.add("0004", "0003", block)
    with PostgresServer(major) as server:
        url = server.url(host=str(server.directory), password="")
        assert stage.run(DATABASE_URL=url).verdict["outcome"] == "upgraded"


def test_a_silent_holder_is_told_with_the_statement_that_ends_it(
    stage: Stage, network: FaultyNetwork
) -> None:
    stage.project.add("0004", "0003", SLEEP)
    with stage.start(DATABASE_URL=network.through(stage.database.url)) as vanished:
        silence(stage, network)
        vanished.kill()
        ended = stage.run(HEADSTART_LOCK_SECONDS="12")
        ((pid,),) = stage.database.query(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'headstart:lock:%'"
        )
    assert (ended.exit_code, ended.verdict["outcome"]) == (11, "lock_unavailable")
    assert "silent for" in ended.verdict["error"]["message"]
    assert f"SELECT pg_terminate_backend({pid})" in ended.verdict["next_step"]
