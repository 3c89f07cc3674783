"""PgBouncer's own refusals: nearly all are 08P01, so its text decides; it is never translated."""

from collections.abc import Iterator

import psycopg2
import pytest

from tests.harness.endings import WAIT_SECONDS, assert_refused_at_once, assert_waited_in_vain
from tests.harness.slow import APPLIED, run, start
from tests.servers.containers import Container
from tests.servers.databases import Database, bouncer

WAIT = {"HEADSTART_WAIT_SECONDS": str(WAIT_SECONDS)}
DATABASES = {
    "app": "{server}",
    "missing": "{server} dbname=missing",
    "refused_behind": "{server} dbname=app user=app password=wrong",
    "nobody_behind": "host=127.0.0.1 port=1",
}


@pytest.fixture(scope="module")
def pool(official: Database) -> Iterator[Container]:
    """A pooler that knows a few databases, and no others."""
    settings = {"server_login_retry": 1, "query_wait_timeout": 1, "server_connect_timeout": 1}
    with bouncer(official, DATABASES, **settings) as container:
        yield container


def test_a_database_that_the_pooler_does_not_know_is_refused(
    official: Database, pool: Container
) -> None:
    end = run(official.url(pool, name="unknown"))
    assert_refused_at_once(end, sqlstate="08P01", cause="no such database: unknown")


@pytest.mark.parametrize("change", [{"user": "nobody"}, {"password": "wrong"}])
def test_a_user_or_password_that_the_pooler_does_not_know_is_refused(
    official: Database, pool: Container, change: dict[str, str]
) -> None:
    end = run(official.url(pool, **change))
    assert_refused_at_once(end, sqlstate="08P01", cause="authentication failed")


def test_a_database_that_is_missing_behind_the_pooler_is_refused(
    official: Database, pool: Container
) -> None:
    end = run(official.url(pool, name="missing"))
    assert_refused_at_once(end, sqlstate="3D000", cause="does not exist")


def test_a_password_that_is_refused_behind_the_pooler_is_refused(
    official: Database, pool: Container
) -> None:
    end = run(official.url(pool, name="refused_behind"))
    assert_refused_at_once(end, sqlstate="28P01", cause="password")


def test_tls_cannot_be_required_of_a_pooler_without_it(official: Database, pool: Container) -> None:
    end = run(official.url(pool, sslmode="require"))
    assert_refused_at_once(end, cause="server does not support SSL")


def test_a_server_that_is_unreachable_behind_the_pooler_is_waited_for(
    official: Database, pool: Container
) -> None:
    """The pooler tries for its own query_wait_timeout and longer, so one attempt takes seconds."""
    end = run(official.url(pool, name="nobody_behind"), HEADSTART_WAIT_SECONDS="4")
    assert_waited_in_vain(end, cause="connect", sqlstate="08P01")


def test_a_pooler_with_too_many_clients_is_waited_out(official: Database) -> None:
    with bouncer(official, max_client_conn=1) as full:
        client = psycopg2.connect(official.url(full))
        end = run(official.url(full), **WAIT)
        client.close()
    assert_waited_in_vain(end, sqlstate="08P01", cause="max_client_conn")


def test_a_pooler_that_takes_no_transactions_is_refused_by_its_mode(official: Database) -> None:
    """Its own words come with the first BEGIN; no lock can be held there."""
    database = official.create()
    with bouncer(official, pool_mode="statement") as pool:
        end = run(database.url(pool))
    assert (end.exit_code, end.outcome) == (20, "access_refused"), end.verdict
    assert "statement pooling" in end.verdict["error"]["message"]
    assert "pool_mode" in end.verdict["next_step"]


def test_a_pooler_that_has_no_server_for_a_client_is_waited_out(official: Database) -> None:
    """It lets the client in, and ends the first statement after its query_wait_timeout."""
    with bouncer(official, default_pool_size=1, query_wait_timeout=1) as busy:
        client = psycopg2.connect(official.url(busy))
        client.cursor().execute("SELECT")
        end = run(official.url(busy), **WAIT)
        client.close()
    assert_waited_in_vain(end, cause="FATAL: query_wait_timeout")


def test_a_pooler_whose_client_leaves_is_entered_within_the_wait(official: Database) -> None:
    """What is transient may pass: the same refusal, but for a while only."""
    database = official.create()
    with bouncer(official, max_client_conn=3) as full:
        clients = [psycopg2.connect(database.url(full)) for _ in range(3)]
        with start(database.url(full), SLOW_SECONDS="0") as waiting:
            waiting.await_event("connection_failed")
            for client in clients:
                client.close()
            assert waiting.end().outcome == "upgraded"


def test_a_poolers_limit_on_idle_transactions_does_not_break_the_lock(official: Database) -> None:
    """The lock is an idle transaction; its heartbeat keeps it from looking like one."""
    database = official.create()
    with bouncer(official, idle_transaction_timeout=3) as pool:
        end = run(database.url(pool), SLOW_SECONDS="8")
    assert end.outcome == "upgraded"
    assert end.applied == APPLIED
