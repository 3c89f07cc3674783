"""A run that ends in the middle of a statement of a minute: direct, and behind PgBouncer."""

import pytest

from tests.harness.killed_runs import SLEEPERS, assert_next_run_proceeds_after_sigkill
from tests.harness.program import until
from tests.harness.slow import APPLIED, run, start
from tests.servers.containers import docker
from tests.servers.databases import Database, bouncer

SOON_SECONDS = 30
"""Half of what it would last without the signal: the machine may be busy."""


def test_the_next_run_proceeds(database: Database) -> None:
    assert_next_run_proceeds_after_sigkill(database.url(), database.query)


@pytest.mark.parametrize("pool_size", [20, 2])
def test_the_next_run_proceeds_behind_a_pooler(database: Database, pool_size: int) -> None:
    """The pooler, and not the server, notices that its client is gone."""
    with bouncer(database, default_pool_size=pool_size) as pool:
        assert_next_run_proceeds_after_sigkill(database.url(pool), database.query)


@pytest.mark.parametrize("pool_size", [20, 2])
def test_sigterm_cancels_the_statement_through_a_pooler(database: Database, pool_size: int) -> None:
    """A request to cancel is a connection of its own, which the pooler must pass on."""
    with bouncer(database, default_pool_size=pool_size) as pool:
        with start(database.url(pool), SLOW_SECONDS="60") as started:
            until(lambda: database.query(SLEEPERS) == [(1,)], "a statement that takes a minute")
            started.process.terminate()
            end = started.end()
        assert end.outcome == "sigterm"
        assert end.seconds < SOON_SECONDS
        assert end.applied == end.verdict["to"] == APPLIED[:1]
        assert database.query(SLEEPERS) == [(0,)]
        assert run(database.url(pool), SLOW_SECONDS="0").applied == APPLIED[1:]


def test_a_pooler_that_dies_in_the_middle_is_a_lost_connection(database: Database) -> None:
    with bouncer(database) as pool, start(database.url(pool), SLOW_SECONDS="60") as started:
        until(lambda: database.query(SLEEPERS) == [(1,)], "a statement that takes a minute")
        docker("kill", pool.identifier)
        end = started.end()
    assert end.outcome == "connection_lost"
    assert end.exit_code == 13
    assert end.applied == APPLIED[:1]
    assert "to" not in end.verdict, "nobody could read what the database has now"
    assert run(database.url(), SLOW_SECONDS="0").applied == APPLIED[1:]
