"""What a killed run leaves at work on the server; tests/servers has it behind PgBouncer."""

from tests.harness.killed_runs import assert_next_run_proceeds_after_sigkill
from tests.harness.server import Database


def test_a_statement_of_a_killed_run_is_gone_and_the_next_run_proceeds(database: Database) -> None:
    assert_next_run_proceeds_after_sigkill(database.url, database.query)
