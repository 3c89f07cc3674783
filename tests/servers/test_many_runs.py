"""Twenty runs at once through PgBouncer's transaction mode; tests/integration has them direct."""

import pytest

from tests.harness.many_runs import IN_A_ROW, assert_one_worked, run_at_once
from tests.harness.slow import run
from tests.servers.databases import Database, bouncer


@pytest.mark.parametrize("pool_size", [20, 2])
def test_of_many_runs_at_once_through_a_pooler_one_upgrades(
    official: Database, pool_size: int
) -> None:
    for _ in range(IN_A_ROW):
        database = official.create()
        with bouncer(database, default_pool_size=pool_size) as pool:
            assert_one_worked(run_at_once(database.url(pool)))


def test_a_pool_of_one_is_refused_by_name(database: Database) -> None:
    """The lock keeps its only server connection, so nothing is left to work on."""
    with bouncer(database, default_pool_size=1) as pool:
        end = run(database.url(pool))
    assert end.outcome == "pool_exhausted"
    assert end.exit_code == 10
    assert "default_pool_size" in end.verdict["next_step"]
    assert database.query("SELECT to_regclass('first')") == [(None,)]
