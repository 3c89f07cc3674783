"""A run that is killed in the middle of a statement of a minute: direct, and behind PgBouncer."""

import pytest

from tests.integration.killed_runs import assert_next_run_proceeds_after_sigkill
from tests.servers.databases import Database, bouncer


def test_the_next_run_proceeds(database: Database) -> None:
    assert_next_run_proceeds_after_sigkill(database.url(), database.query)


@pytest.mark.parametrize("pool_size", [20, 2])
def test_the_next_run_proceeds_behind_a_pooler(database: Database, pool_size: int) -> None:
    """The pooler, and not the server, notices that its client is gone."""
    with bouncer(database, default_pool_size=pool_size) as pool:
        assert_next_run_proceeds_after_sigkill(database.url(pool), database.query)
