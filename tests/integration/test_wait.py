"""The wait on real servers: what passes is waited out, what lasts is refused at once (SQLSTATE)."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg2
import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.endings import WAIT_SECONDS, assert_refused_at_once, assert_waited_in_vain
from tests.harness.program import until
from tests.harness.result import Result
from tests.harness.server import Database, refusing_port
from tests.harness.slow import run, start

ROLE = "visitor"


def wait_in_vain(url: str, seconds: float = WAIT_SECONDS) -> Result:
    """Run against what does not let us in until the end of the wait."""
    return run(url, HEADSTART_WAIT_SECONDS=str(seconds))


@pytest.fixture(scope="module", params=[16, 18])
def own_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server that a test may stop, fill up and turn into a standby."""
    with PostgresServer(request.param, conf=["max_connections = 8"]) as server:
        yield server


@pytest.fixture
def visitor(database: Database) -> Iterator[Database]:
    """A database that a role without any privilege may connect to."""
    database.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}'")
    yield database
    database.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


@contextmanager
def standby(server: PostgresServer, *conf: str) -> Iterator[None]:
    """Let the server be one for the length of the block; there is no primary to follow."""
    settings, signal = server.data / "test.conf", server.data / "standby.signal"
    before = settings.read_text()
    server.stop()
    signal.touch()
    settings.write_text(before + "\n".join(conf) + "\n")
    server.start(wait=False)
    try:
        yield
    finally:
        server.stop("immediate")
        signal.unlink(missing_ok=True)
        settings.write_text(before)
        server.start()


@contextmanager
def shutting_down(server: PostgresServer) -> Iterator[None]:
    """Let it wait for its last client, and refuse new ones, for the length of the block."""
    client = psycopg2.connect(server.url())
    server.stop("smart", wait=False)
    try:
        yield
    finally:
        client.close()
        until(lambda: not (server.data / "postmaster.pid").exists(), "the end of the server")
        server.start()


def refusal(server: PostgresServer) -> str:
    """What the server says to somebody who comes now; empty when it lets them in."""
    try:
        psycopg2.connect(server.url()).close()
    except psycopg2.OperationalError as error:
        return str(error)
    return ""


# --- No server ------------------------------------------------------------------------------


def test_a_port_where_nobody_listens_is_waited_for_and_named() -> None:
    port = refusing_port()
    end = wait_in_vain(f"postgresql://app:pw@127.0.0.1:{port}/shop")
    assert_waited_in_vain(end, cause="Connection refused")
    place = {"host": "127.0.0.1", "port": str(port), "name": "shop", "user": "app"}
    assert end.verdict["database"] == place


def test_a_host_name_that_does_not_exist_is_waited_for() -> None:
    end = wait_in_vain("postgresql://app:pw@no-such-host.invalid/shop")
    assert_waited_in_vain(end, cause="no-such-host.invalid")


def test_a_listener_that_says_nothing_is_left_and_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        end = wait_in_vain(f"postgresql://app:pw@127.0.0.1:{mute.getsockname()[1]}/shop", 6)
    assert_waited_in_vain(end, cause="no answer within")


def test_an_answer_is_told_rather_than_the_silence_that_our_deadline_cut_short() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"postgresql://app:pw@127.0.0.1:{listener.getsockname()[1]}/shop?sslmode=disable"
        with start(url, HEADSTART_WAIT_SECONDS=str(WAIT_SECONDS)) as waiting:
            listener.accept()[0].close()  # an answer of a kind; nobody answers the next attempt
            end = waiting.end()
    assert_waited_in_vain(end, cause="server closed the connection")


# --- A server that will let us in -----------------------------------------------------------


def test_a_server_that_is_starting_up_is_waited_for(own_server: PostgresServer) -> None:
    with standby(own_server, "hot_standby = off"):
        until(lambda: "database system" in refusal(own_server), "a server that listens")
        end = wait_in_vain(own_server.url())
    assert_waited_in_vain(end, sqlstate="57P03", cause="starting up")


def test_a_server_that_is_shutting_down_is_waited_for(own_server: PostgresServer) -> None:
    with shutting_down(own_server):
        until(lambda: "shutting down" in refusal(own_server), "a server that shuts down")
        end = wait_in_vain(own_server.url())
    assert_waited_in_vain(end, sqlstate="57P03", cause="shutting down")


def test_a_server_without_a_free_connection_slot_is_waited_for(own_server: PostgresServer) -> None:
    with ExitStack() as clients:
        refused = 0
        while refused < 5:  # the slot of a client that has just gone is free a moment later
            try:
                clients.callback(psycopg2.connect(own_server.url()).close)
                refused = 0
            except psycopg2.OperationalError:
                refused += 1
                time.sleep(0.1)
        end = wait_in_vain(own_server.url())
    assert_waited_in_vain(end, sqlstate="53300", cause="no connection slot")
    assert "max_connections" in end.verdict["next_step"]


def test_a_standby_is_waited_for_until_it_is_promoted(own_server: PostgresServer) -> None:
    own_server.execute("CREATE DATABASE promoted")
    with standby(own_server):
        until(lambda: not refusal(own_server), "a standby that accepts readers")
        end = wait_in_vain(own_server.url(dbname="promoted"))
        with start(own_server.url(dbname="promoted"), SLOW_SECONDS="0") as waiting:
            waiting.await_event("connection_failed")
            own_server.promote()
            assert waiting.end().outcome == "upgraded"
    assert end.outcome == "access_refused"
    assert end.verdict["error"]["sqlstate"] == "25006"
    assert "target_session_attrs=read-write" in end.verdict["next_step"]
    assert end.verdict["wait_attempts"] > 1
    assert end.verdict["wait_seconds"] >= WAIT_SECONDS


def test_a_database_that_is_read_only_by_default_is_refused_after_the_wait(
    database: Database,
) -> None:
    database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    end = wait_in_vain(database.url)
    assert end.outcome == "access_refused"
    assert end.verdict["error"]["sqlstate"] == "25006"
    assert "read-only" in end.verdict["error"]["message"]
    assert end.verdict["wait_attempts"] > 1


# --- A server that will not -----------------------------------------------------------------


def test_a_wrong_password_is_refused_at_once(visitor: Database) -> None:
    end = run(visitor.server.url(dbname=visitor.name, user=ROLE, password="wrong"))
    assert_refused_at_once(end, sqlstate="28P01", cause="password")


def test_a_missing_password_is_refused_at_once(visitor: Database) -> None:
    end = run(visitor.server.url(dbname=visitor.name, user=ROLE, password=""))
    assert_refused_at_once(end, cause="no password supplied")


def test_a_role_that_does_not_exist_is_refused_at_once(database: Database) -> None:
    end = run(database.server.url(dbname=database.name, user="nobody", password="pw"))
    assert_refused_at_once(end, sqlstate="28P01", cause="the role does not exist")


def test_a_role_that_may_not_log_in_is_refused_at_once(visitor: Database) -> None:
    visitor.execute(f"ALTER ROLE {ROLE} NOLOGIN")
    end = run(visitor.server.url(dbname=visitor.name, user=ROLE, password=ROLE))
    assert_refused_at_once(end, sqlstate="28000", cause="is not permitted to log in")


def test_a_database_that_does_not_exist_is_refused_at_once(database: Database) -> None:
    end = run(database.server.url(dbname="missing"))
    assert_refused_at_once(end, sqlstate="3D000", cause="database does not exist")


def test_a_database_that_accepts_nobody_is_waited_for(database: Database) -> None:
    end = wait_in_vain(database.server.url(dbname="template0"))
    assert_waited_in_vain(end, sqlstate="55000", cause="does not accept connections")
    assert "ALLOW_CONNECTIONS true" in end.verdict["next_step"]


def test_a_database_that_is_closed_for_a_while_is_waited_for(database: Database) -> None:
    allowed = f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS"
    database.server.execute(f"{allowed} false")
    with start(database.url, SLOW_SECONDS="0") as waiting:
        waiting.await_event("connection_failed")
        database.server.execute(f"{allowed} true")
        end = waiting.end()
    assert end.outcome == "upgraded"


def test_a_role_without_the_connect_privilege_is_refused_at_once(visitor: Database) -> None:
    visitor.execute(f"REVOKE CONNECT ON DATABASE {visitor.name} FROM PUBLIC")
    end = run(visitor.server.url(dbname=visitor.name, user=ROLE, password=ROLE))
    assert_refused_at_once(end, sqlstate="42501", cause="CONNECT")


def test_access_that_an_operator_grants_late_is_waited_for_within_its_grace(
    database: Database,
) -> None:
    url = database.server.url(dbname=f"{database.name}_late")
    with start(url, HEADSTART_ACCESS_GRACE_SECONDS="20", SLOW_SECONDS="0") as waiting:
        waiting.await_event("connection_failed")
        database.execute(f"CREATE DATABASE {database.name}_late")
        end = waiting.end()
    database.execute(f"DROP DATABASE {database.name}_late WITH (FORCE)")
    assert end.outcome == "upgraded"
