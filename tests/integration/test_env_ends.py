"""What env.py makes, and how it ends, is told apart from what it is about: as with Alembic."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import run_program
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


LEAVES = ["import sys; sys.exit(0)", "raise SystemExit"]


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


LIMITED = {
    "asyncio.timeout()": (
        "async with asyncio.timeout(1):\n            await connection.run_sync(run)"
    ),
    "asyncio.wait_for()": "await asyncio.wait_for(connection.run_sync(run), 1)",
}
ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import async_engine_from_config

def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    options = context.config.get_section(context.config.config_ini_section)
    engine = async_engine_from_config(options)
    async with engine.connect() as connection:
        {}

asyncio.run(main())
"""


@pytest.mark.parametrize("limit", LIMITED.values(), ids=LIMITED.keys())
def test_a_time_limit_of_env_s_own_is_no_lost_connection(stage: Stage, limit: str) -> None:
    """Each attempt would end in the same way."""
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(5)')")
    (stage.project.path / "alembic" / "env.py").write_text(ASYNC_ENV.format(limit))
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert "time limit" in ended.verdict["next_step"]
    assert stage.rows() == ["0003"]


def test_what_gives_up_waiting_in_a_revision_is_named_with_its_place(stage: Stage) -> None:
    body = "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
    wait = "socket.create_connection(server.getsockname(), 1).recv(1)"
    stage.project.add("0004", "0003", body + wait)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (13, "server_failed"), ended.verdict
    assert "0004.py, line" in ended.verdict["error"]["message"]
    assert "answers in time" in ended.verdict["next_step"]


@pytest.mark.parametrize("metadata", ["'tables'", "[None, 'x']", "object()", "iter(())"])
def test_what_is_no_metadata_matters_as_little_as_to_alembic(stage: Stage, metadata: str) -> None:
    stage.project.edit_env("target_metadata = None", f"target_metadata = {metadata}")
    assert stage.run().verdict["outcome"] == "upgraded"


def test_what_another_process_does_meanwhile_counts(stage: Stage) -> None:
    """An env.py that skips its migrations may be right: somebody else is at it."""
    original = (stage.project.path / "alembic" / "env.py").read_text()
    stage.project.edit_env(CONNECTS, f"    raise SystemExit\n{CONNECTS}")
    with stage.start(HEADSTART_LOCK_SECONDS="60") as run:
        run.await_event("database_not_ready")
        url = stage.database.driver_url().replace("%", "%%")
        ini = stage.project.path / "alembic.ini"
        lines = ini.read_text().splitlines(keepends=True)
        ini.write_text(
            "".join(f"sqlalchemy.url = {url}\n" if "sqlalchemy.url =" in x else x for x in lines)
        )
        (stage.project.path / "alembic" / "env.py").write_text(original)
        done = run_program("alembic", "-c", str(ini), "upgrade", "head", cwd=stage.project.path)
        assert done.exit_code == 0, done.stderr
        ended = run.end()
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "nothing_to_do"), ended.verdict
    assert ended.verdict["to"] == ["0003"]


def test_a_first_revision_that_fails_leaves_no_version_table(stage: Stage) -> None:
    for revision in ("0003", "0002", "0001"):
        stage.project.remove(revision)
    stage.project.add("0001", None, "raise RuntimeError('no')")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert stage.tables() == set()
