"""Runs started at once on the same database; tests/servers has the same behind PgBouncer."""

from tests.harness.many_runs import assert_one_worked, run_at_once
from tests.harness.server import Database


def test_of_many_runs_at_once_one_upgrades_and_the_others_wait_for_it(database: Database) -> None:
    assert_one_worked(run_at_once(database.url))
