"""What env.py makes, and how it ends, is told apart from what it is about: as with Alembic."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import TABLES
from tests.integration.in_between import RUN
from tests.integration.stage import Stage

# env.py decides here, not the server's version
pytestmark = ON_ONE_SERVER

MADE_BY_ENV = {
    "a table to lock": """
    with connectable.begin() as first:
        first.exec_driver_sql("CREATE TABLE IF NOT EXISTS migration_lock (i int)")
""",
    "a table of a schema of its own": """
    with connectable.begin() as first:
        first.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS ops")
        first.exec_driver_sql("CREATE TABLE IF NOT EXISTS ops.runs (i int)")
""",
    "a table that a revision changes": """
    with connectable.begin() as first:
        first.exec_driver_sql("CREATE TABLE IF NOT EXISTS tenants (i int)")
""",
}
CONNECTS = "    with connectable.connect() as connection:\n"


@pytest.mark.parametrize("made", MADE_BY_ENV.values(), ids=MADE_BY_ENV.keys())
def test_a_new_database_is_new_whatever_env_makes_in_it(stage: Stage, made: str) -> None:
    stage.project.edit_env(CONNECTS, made + CONNECTS)
    body = "op.execute('CREATE TABLE IF NOT EXISTS tenants (i int)')\n"
    stage.project.add("0004", "0003", body + "op.add_column('tenants', sa.Column('n', sa.Text))")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.verdict
    assert ended.verdict["state"] == "empty"
    assert stage.run().verdict["outcome"] == "nothing_to_do"


LEAVES = ["import sys; sys.exit(0)", "raise SystemExit", "import os; os._exit(0)"]


@pytest.mark.parametrize("leaves", LEAVES)
def test_an_env_that_leaves_before_its_migrations_has_skipped_them(
    stage: Stage, leaves: str
) -> None:
    stage.project.edit_env(CONNECTS, f"    {leaves}\n{CONNECTS}")
    ended = stage.run(HEADSTART_LOCK_SECONDS="1")
    assert (ended.exit_code, ended.verdict["outcome"]) == (14, "env_skipped"), ended.verdict


@pytest.mark.parametrize("leaves", LEAVES)
def test_at_head_nothing_was_skipped(stage: Stage, leaves: str) -> None:
    assert stage.run().exit_code == 0
    stage.project.edit_env(CONNECTS, f"    {leaves}\n{CONNECTS}")
    assert stage.run().verdict["outcome"] == "nothing_to_do"


def test_an_option_of_an_earlier_configure_holds_for_the_next_one(stage: Stage) -> None:
    """Alembic keeps it; so it is one version table, not several."""
    twice = (
        "            context.run_migrations()\n"
        "        context.configure(connection=connection)\n"
        "        with context.begin_transaction():\n"
        "            context.run_migrations()\n\n\nif"
    )
    stage.project.edit_env(RUN, twice)
    stage.project.edit_env(
        "connection=connection, target_metadata=target_metadata",
        "connection=connection, version_table='versions'",
    )
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.tables() == TABLES | {"versions"}
    assert stage.run().verdict["outcome"] == "nothing_to_do"


def test_what_was_rolled_back_and_run_again_was_applied_once(stage: Stage) -> None:
    top = "import sys"
    fails = "if not hasattr(sys, 'tried'):\n    sys.tried = True\n    raise RuntimeError"
    stage.project.add("0004", "0003", fails, top=top)
    stage.project.edit_env("connectable.connect()", "connectable.begin()")
    stage.project.edit_env(
        "else:\n    run_migrations_online()",
        "else:\n    try:\n        run_migrations_online()\n    except RuntimeError:\n"
        "        run_migrations_online()",
    )
    ended = stage.run()
    assert ended.verdict["outcome"] == "upgraded"
    assert ended.applied == ["0001", "0002", "0003", "0004"]
