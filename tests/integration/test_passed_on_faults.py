"""A fault that may pass decides, whatever a script has kept of it; but no later one."""

import shutil
from contextlib import closing

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with
from tests.integration.test_server_faults import NO_DISK, assert_passing, indented

pytestmark = ON_ONE_SERVER

PASSED_ON = {
    "as its words": "said = None\ntry:\n{0}except Exception as e:\n    said = str(e)\n"
    "if said: raise RuntimeError(said)",
    "as an exit": "ok = True\ntry:\n{0}except Exception:\n    ok = False\n"
    "import sys\nif not ok: sys.exit('failed')",
    "out of a savepoint": "ok = True\ntry:\n    with op.get_bind().begin_nested():\n    {0}"
    "except Exception:\n    ok = False\nassert ok, 'the backfill failed'",
    "out of an autocommit block": "ok = True\nwith op.get_context().autocommit_block():\n"
    "    try:\n    {0}    except Exception:\n        ok = False\nassert ok",
}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("how", PASSED_ON)
def test_nor_is_one_of_which_the_script_keeps_nothing(stage: Stage, how: str, driver: str) -> None:
    url = stage.database.url
    if driver == "asyncpg":
        shutil.copy(TEMPLATE, stage.project.path / "alembic/env.py")
        url = url_with(stage, driver)
    stage.project.add("0004", "0003", PASSED_ON[how].format(indented(NO_DISK)))
    ended = stage.run(DATABASE_URL=url.replace("postgresql:", f"postgresql+{driver}:"))
    assert_passing(ended, stage)
    assert "; then the script raised " in ended.verdict["error"]["message"]


def test_nor_is_a_lock_of_which_the_script_keeps_nothing(stage: Stage) -> None:
    body = PASSED_ON["as its words"].format(
        indented("op.execute('ALTER TABLE accounts ADD b int')")
    )
    stage.run()
    stage.project.add("0004", "0003", body)
    with closing(psycopg2.connect(stage.database.url)) as other:
        other.cursor().execute("LOCK TABLE accounts IN ACCESS SHARE MODE")
        ended = stage.run(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="1")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert stage.run().exit_code == 0


@pytest.mark.parametrize(
    "after",
    [
        "op.execute('SELECT nonsense')",
        "op.create_table('accounts')",
    ],
)
def test_a_fault_that_a_script_survives_excuses_no_statement(stage: Stage, after: str) -> None:
    body = PASSED_ON["out of a savepoint"].format(indented(NO_DISK)).rpartition("\n")[0]
    stage.project.add("0004", "0003", f"{body}\n{after}")
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict


def test_nor_a_later_revision_and_env_py(stage: Stage) -> None:
    body = PASSED_ON["out of a savepoint"].format(indented(NO_DISK)).rpartition("\n")[0]
    stage.project.add("0004", "0003", body)
    stage.project.add("0005", "0004", "raise RuntimeError('x')")
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert ended.applied == [*REVISIONS, "0004"]
