"""Twenty runs at once through PgBouncer's transaction mode; tests/integration has them direct."""

from collections.abc import Callable

import pytest

from tests.harness.many_runs import assert_one_worked, run_at_once
from tests.harness.slow import run
from tests.servers.databases import Database, bouncer


@pytest.mark.parametrize(
    ("version", "pool_size", "times"), [(16, 20, 1), (18, 20, 1), (16, 2, 1), (18, 2, 5)]
)
def test_of_many_runs_at_once_through_a_pooler_one_upgrades(
    official_servers: Callable[[int], Database], version: int, pool_size: int, times: int
) -> None:
    """Where it is the narrowest for them, several times in a row (docs/decisions.md)."""
    for _ in range(times):
        database = official_servers(version).create()
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
