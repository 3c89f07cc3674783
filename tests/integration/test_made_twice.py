"""Two transactions make the same object at the same moment: the one that fails may come again."""

import shutil
from contextlib import closing

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE
from tests.integration.test_other_hands import WAITING

pytestmark = ON_ONE_SERVER
MADE = {
    "a schema": "CREATE SCHEMA IF NOT EXISTS shop",
    "a table": "CREATE TABLE IF NOT EXISTS shop (id int)",
    "a type": "CREATE TYPE shop AS ENUM ('a')",
}
WRAPPED = """
try:
    op.execute({!r})
except Exception as error:
    raise RuntimeError("no") from error
"""


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("statement", MADE.values(), ids=MADE)
def test_a_revision_that_makes_what_somebody_makes_just_then_may_be_tried_again(
    stage: Stage, statement: str, driver: str
) -> None:
    if driver == "asyncpg":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    stage.project.add("0004", "0003", f"op.execute({statement!r})")
    assert_made_twice(stage, statement, DATABASE_URL=stage.database.driver_url(driver))


def test_whatever_the_revision_makes_of_that(stage: Stage) -> None:
    stage.project.add("0004", "0003", WRAPPED.format(MADE["a schema"]))
    assert_made_twice(stage, MADE["a schema"])


def assert_made_twice(stage: Stage, statement: str, **environ: str) -> None:
    assert stage.run("--target", "0003", **environ).exit_code == 0
    with closing(psycopg2.connect(stage.database.url)) as other:
        other.cursor().execute(statement)
        with stage.start(**environ) as run:
            until(lambda: stage.database.query(WAITING) == [(1,)], "it waits for the other")
            other.commit()
            ended = run.end()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == "23505"
    assert "somebody else made the same object" in ended.verdict["next_step"]


def test_rows_of_a_table_that_are_there_already_are_the_revisions_failure(stage: Stage) -> None:
    stage.project.add(
        "0004", "0003", "op.execute('INSERT INTO accounts (id, name) VALUES (1, 1), (1, 1)')"
    )
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == "23505"
