"""What a killed run leaves at work on the server; tests/servers has it behind PgBouncer."""

from tests.conftest import Database
from tests.integration.killed_runs import assert_next_run_proceeds_after_sigkill


def test_a_statement_of_a_killed_run_is_gone_and_the_next_run_proceeds(database: Database) -> None:
    assert_next_run_proceeds_after_sigkill(database.url, database.query)
