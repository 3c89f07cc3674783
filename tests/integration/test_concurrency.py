"""Runs started at once on the same database; tests/servers has the same behind PgBouncer."""

import pytest

from tests.harness.many_runs import IN_A_ROW, assert_one_worked, run_at_once
from tests.harness.server import Server, empty_database


@pytest.mark.parametrize("times", [1, pytest.param(IN_A_ROW, marks=pytest.mark.more)])
def test_of_many_runs_at_once_one_upgrades_and_the_others_wait_for_it(
    server: Server, times: int
) -> None:
    for _ in range(times):
        with empty_database(server) as database:
            assert_one_worked(run_at_once(database.url))
