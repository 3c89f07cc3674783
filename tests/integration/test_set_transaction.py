"""SET TRANSACTION comes after headstart's own query: that is said, with a way that works."""

import shutil
from collections.abc import Callable

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.harness.result import Result
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

SET = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"
SETTINGS = {
    "the level": "ISOLATION LEVEL SERIALIZABLE",
    "deferrable": "DEFERRABLE",
}


def assert_named(ended: Result, code: int) -> None:
    assert ended.exit_code == code, ended.verdict
    assert (
        "headstart's own query comes first in each transaction" in ended.verdict["error"]["message"]
    )
    assert "in place of SET TRANSACTION" in ended.verdict["next_step"]


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("what", SETTINGS)
def test_a_revision_that_sets_it_is_told_whose_query_came_first(
    stage: Stage, what: str, driver: str
) -> None:
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    body = f'op.get_bind().commit()\nop.execute("SET TRANSACTION {SETTINGS[what]}")'
    stage.project.add("0004", "0003", body)
    assert_named(stage.run(DATABASE_URL=url_with(stage, driver)), 21)


ENV: dict[str, Callable[[str], str]] = {
    "before configure": lambda env: env.replace(
        "        context.configure(",
        f"        connection.exec_driver_sql('{SET}')\n        context.configure(",
        1,
    ),
    "at each begin": lambda env: env.replace(
        "config = context.config\n",
        "config = context.config\nfrom sqlalchemy import Engine, event\n"
        "@event.listens_for(Engine, 'begin')\ndef begin(connection):\n"
        f"    connection.exec_driver_sql('{SET}')\n",
    ),
    "first in the transaction": lambda env: env.replace(
        "        context.run_migrations()",
        f"        context.execute('{SET}')\n        context.run_migrations()",
    ),
}


@pytest.mark.parametrize("where", ENV)
def test_so_is_env_py(stage: Stage, where: str) -> None:
    file = stage.project.path / "alembic" / "env.py"
    changed = ENV[where](file.read_text())
    assert SET in changed
    file.write_text(changed)
    assert_named(stage.run(), 24)


def test_the_ways_that_are_named_work(stage: Stage) -> None:
    level = "current_setting('transaction_isolation')"
    body = (
        "op.execute('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE')\n"
        f'op.get_bind().commit()\nop.execute("CREATE TABLE level AS SELECT {level} AS is")'
    )
    stage.project.add("0004", "0003", body)
    assert stage.run().applied == [*REVISIONS, "0004"]
    assert stage.database.query("SELECT * FROM level") == [("serializable",)]
    stage.project.add("0005", "0004", f'op.execute("INSERT INTO level SELECT {level}")')
    stage.project.edit_env(
        "poolclass=pool.NullPool", "poolclass=pool.NullPool, isolation_level='REPEATABLE READ'"
    )
    assert stage.run().applied == ["0005"]
    assert stage.database.query("SELECT * FROM level")[1:] == [("repeatable read",)]


def test_what_no_transaction_may_hold_is_told_as_it_is(stage: Stage) -> None:
    stage.project.add("0004", "0003", "op.execute('VACUUM accounts')")
    ended = stage.run()
    assert ended.exit_code == 21, ended.verdict
    assert "headstart's own query" not in ended.verdict["error"]["message"]
