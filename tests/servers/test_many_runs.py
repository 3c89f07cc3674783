"""Twenty runs at once, five times in a row: direct, and through PgBouncer's transaction mode."""

import pytest

from tests.integration.many_runs import assert_one_worked, run_at_once
from tests.integration.runs import run
from tests.servers.databases import Database, bouncer

FIVE_TIMES = pytest.mark.parametrize("repetition", range(1, 6))


@FIVE_TIMES
def test_of_many_runs_at_once_one_upgrades(database: Database, repetition: int) -> None:
    assert repetition
    assert_one_worked(run_at_once(database.url()))


@pytest.mark.parametrize("pool_size", [20, 2])
@FIVE_TIMES
def test_of_many_runs_at_once_through_a_pooler_one_upgrades(
    database: Database, pool_size: int, repetition: int
) -> None:
    assert repetition
    with bouncer(database, default_pool_size=pool_size) as pool:
        assert_one_worked(run_at_once(database.url(pool)))


def test_a_pool_of_one_is_refused_by_name(database: Database) -> None:
    """The lock keeps its only server connection, so nothing is left to work on."""
    with bouncer(database, default_pool_size=1) as pool:
        end = run(database.url(pool))
    assert end.outcome == "pool_exhausted"
    assert end.code == 10
    assert "default_pool_size" in end.verdict["next_step"]
    assert database.query("SELECT to_regclass('first')") == [(None,)]
