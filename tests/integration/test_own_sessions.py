"""Where a revision is in the way of headstart's own sessions, the verdict says that it is they."""

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER
ENDS_OTHERS = """
op.execute(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
op.execute("SELECT pg_sleep(10)")
"""
COPIES = """
with op.get_context().autocommit_block():
    name = op.get_bind().engine.url.database
    op.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
"""


def test_a_revision_that_ends_the_run_locks_session_is_told_whose_it_was(stage: Stage) -> None:
    stage.project.add("0004", "0003", ENDS_OTHERS)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (13, "connection_lost"), ended.verdict
    assert "the session of the run lock was ended" in ended.verdict["error"]["message"]
    assert "application_name begins with headstart:" in ended.verdict["next_step"]


def test_a_copy_of_the_database_that_is_migrated_is_told_who_uses_it(stage: Stage) -> None:
    stage.project.add("0004", "0003", COPIES)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == "55006"
    assert "headstart's own are among them" in ended.verdict["next_step"]
