"""A group of exceptions is told by the member that tells most, however deep it is."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

IN_A_TASK = (
    "async def in_a_group():\n"
    "    async with asyncio.TaskGroup() as group:\n"
    "        group.create_task(asyncio.sleep(60))\n"
    "        group.create_task(run_async_migrations())\n\n\n"
    "async def deeper():\n"
    "    async with asyncio.TaskGroup() as group:\n"
    "        group.create_task(in_a_group())\n\n\n"
)


@pytest.fixture(params=["in_a_group", "deeper"])
def grouped(request: pytest.FixtureRequest, stage: Stage) -> Stage:
    """Give a stage with an async env.py whose migrations run in a task of a group."""
    shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    sleeping = IN_A_TASK.replace("        group.create_task(asyncio.sleep(60))\n", "")
    stage.project.edit_env(
        "def run_migrations_online() -> None:", f"{sleeping}def run_migrations_online() -> None:"
    )
    stage.project.edit_env("asyncio.run(run_async_migrations())", f"asyncio.run({request.param}())")
    return stage


@pytest.mark.parametrize("driver", ["", "asyncpg", "psycopg"])
def test_an_env_py_with_a_task_group_migrates_with_each_driver(grouped: Stage, driver: str) -> None:
    """Without one in the URL, the request for an async driver is in the group."""
    url = url_with(grouped, driver) if driver else grouped.database.url
    ended = grouped.run(DATABASE_URL=url)
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.verdict
    assert grouped.rows() == REVISIONS[-1:]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_the_sqlstate_in_a_group_is_the_revisions(grouped: Stage, driver: str) -> None:
    grouped.project.add("0004", "0003", "op.execute('INSERT INTO orders (account_id) VALUES (7)')")
    ended = grouped.run(DATABASE_URL=url_with(grouped, driver))
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == "23503"
    assert "violates foreign key" in ended.verdict["error"]["message"]


def test_a_refusal_of_ours_in_a_group_is_that_refusal(grouped: Stage) -> None:
    grouped.project.edit_env(
        'prefix="sqlalchemy.",', "prefix='sqlalchemy.', isolation_level='AUTOCOMMIT',"
    )
    ended = grouped.run(DATABASE_URL=url_with(grouped, "asyncpg"))
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict
    assert "AUTOCOMMIT" in ended.verdict["error"]["message"]
    assert "remove isolation_level" in ended.verdict["next_step"]
    assert grouped.tables() == set()


GROUPS = {
    "one": ("raise ExceptionGroup('g', [ValueError('the price')])", "ValueError: the price"),
    "nested": (
        "raise ExceptionGroup('g', [ExceptionGroup('h', [KeyError('price')])])",
        "KeyError: 'price'",
    ),
    "with what it canceled": (
        "raise BaseExceptionGroup('g', [asyncio.CancelledError(), ValueError('the price')])",
        "ValueError: the price",
    ),
    "with an exit that claims success": (
        "raise BaseExceptionGroup('g', [SystemExit(0), ValueError('the price')])",
        "ValueError: the price (and 1 more in its BaseExceptionGroup)",
    ),
    "several": (
        "raise ExceptionGroup('g', [ValueError('the price'), LookupError('x'), TypeError('y')])",
        "ValueError: the price (and 2 more in its ExceptionGroup)",
    ),
}


@pytest.mark.parametrize(("statement", "told"), GROUPS.values(), ids=GROUPS.keys())
@pytest.mark.parametrize("where", ["revision", "env.py", "import", "after"])
def test_a_group_is_told_by_its_member_and_its_place(
    stage: Stage, where: str, statement: str, told: str
) -> None:
    files: dict[str, Path] = {"env.py": stage.project.path / "alembic" / "env.py"}
    match where:
        case "revision":
            files[where] = stage.project.add("0004", "0003", statement, top="import asyncio")
        case "import":
            files[where] = stage.project.add("0004", "0003", top=f"import asyncio\n{statement}")
        case "env.py":
            stage.project.edit_env("target_metadata = None", f"import asyncio\n{statement}")
        case _:
            env = files["env.py"]
            env.write_text(f"{env.read_text()}\nimport asyncio\n{statement}\n")
    ended = stage.run()
    assert ended.exit_code == (21 if where == "revision" else 24), ended.verdict
    message = ended.verdict["error"]["message"]
    assert told in message
    assert f"{files.get(where, files['env.py'])}, line " in message
    assert ("after its revisions" in message) == (where == "after")


def test_the_database_tells_more_than_what_else_is_in_the_group(stage: Stage) -> None:
    body = """
    try:
        op.execute("INSERT INTO orders (account_id) VALUES (7)")
    except Exception as error:
        raise ExceptionGroup("two", [ValueError("x"), ExceptionGroup("deep", [error])])
    """
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, "23503"), ended.verdict
    assert "(and 1 more in its ExceptionGroup)" in ended.verdict["error"]["message"]


def test_a_variable_that_a_group_misses_is_named_with_its_cure(stage: Stage) -> None:
    line = (
        "import os\ntry:\n    os.environ['SHOP_KEY']\nexcept KeyError as error:\n"
        "    raise ExceptionGroup('settings', [error])"
    )
    stage.project.edit_env("target_metadata = None", line)
    ended = stage.run()
    assert (ended.exit_code, "SHOP_KEY is not set" in ended.verdict["error"]["message"]) == (
        24,
        True,
    )
    assert "set SHOP_KEY" in ended.verdict["next_step"]
