"""A revision may end its transaction before it does anything; no work of its is lost silently."""

import shutil
from textwrap import dedent

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, TABLES
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

RAW = "raw = op.get_bind().connection.dbapi_connection\n"
NOTHING_DONE = {
    "psycopg2's isolation level": RAW
    + "raw.set_isolation_level(0)\n"
    + "raw.cursor().execute(\"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy'\")\n"
    + "raw.set_isolation_level(1)\n",
    "psycopg2's isolation level, in a block of the connection": RAW
    + "old = raw.isolation_level\nraw.set_isolation_level(0)\n"
    + "op.execute(\"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy'\")\n"
    + "raw.set_isolation_level(old or 1)\n",
    "the connection's rollback": "op.get_bind().rollback()\n",
    "its transaction's rollback": "op.get_bind().get_transaction().rollback()\n",
    "the driver's rollback": f"{RAW}raw.rollback()\n",
    "the driver's rollback, twice": f"{RAW}raw.rollback()\nraw.rollback()\n",
    "the driver's autocommit": RAW
    + "raw.rollback()\nraw.autocommit = True\n"
    + "raw.cursor().execute(\"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy'\")\n"
    + "raw.autocommit = False\n",
    "the driver's reset": f"{RAW}raw.reset()\n",
    "SQLAlchemy's isolation level": "bind = op.get_bind()\nbind.rollback()\n"
    "bind.execution_options(isolation_level='AUTOCOMMIT')\n",
    "a statement": "op.execute('ROLLBACK')\n",
    "a statement in small letters, with a comment": "op.execute('-- now\\n rollback work')\n",
    "a statement by the driver": f"{RAW}raw.cursor().execute('ROLLBACK')\n",
    "the connection's commit": "op.get_bind().commit()\n",
    "a commit as a statement": "op.execute('COMMIT')\n",
    "a look and then the driver's rollback": "op.get_bind().execute(sa.text('SELECT 1'))\n"
    f"{RAW}raw.rollback()\n",
    "a session's rollback": "from sqlalchemy.orm import Session\n"
    "op.get_bind().rollback()\nSession(op.get_bind()).rollback()\n",
}
WORK = 'op.execute("CREATE TABLE kept (id int)")\n'


@pytest.mark.parametrize("last", [True, False], ids=["last", "in the middle"])
@pytest.mark.parametrize("how", NOTHING_DONE)
@ON_ONE_SERVER
def test_a_transaction_that_did_nothing_may_be_ended(stage: Stage, how: str, last: bool) -> None:
    stage.database.execute("CREATE TYPE mood AS ENUM ('sad')")
    stage.project.add("0004", "0003", NOTHING_DONE[how] + WORK)
    if not last:
        stage.project.add("0005", "0004", 'op.execute("CREATE TABLE five (id int)")')
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.verdict
    assert stage.rows() == ["0004" if last else "0005"]
    assert stage.tables() == TABLES | {"alembic_version", "kept"} | (set() if last else {"five"})
    if "ADD VALUE" in NOTHING_DONE[how]:
        labels = stage.database.query("SELECT enumlabel FROM pg_enum ORDER BY enumsortorder")
        assert labels == [("sad",), ("happy",)]


@pytest.mark.parametrize(
    "how", ["psycopg2's isolation level", "the connection's rollback", "a statement"]
)
def test_in_a_new_database_alembics_own_table_is_lost_with_it(stage: Stage, how: str) -> None:
    """The alembic command fails there, too: it makes its table in the first one's transaction."""
    stage.database.execute("CREATE TYPE mood AS ENUM ('sad')")
    stage.project.remove(*REVISIONS)
    stage.project.add("0001", None, NOTHING_DONE[how] + WORK)
    ended = stage.run()
    assert (ended.exit_code, stage.rows()) == (21, None), ended.verdict
    assert "the version table that Alembic had made in it" in ended.verdict["error"]["message"]
    cure = "undo that by hand" if "kept" in stage.tables() else "without a rollback be the first"
    assert cure in ended.verdict["next_step"]


MADE = 'op.execute("CREATE TABLE gone (id int)")\n'
MADE_BY_DRIVER = f'{RAW}raw.cursor().execute("CREATE TABLE gone (id int)")\n'
LOST = {
    "psycopg2's isolation level": f"{MADE}{RAW}raw.set_isolation_level(0)\n"
    "raw.set_isolation_level(1)\n",
    "the driver's, by the driver": f"{MADE_BY_DRIVER}raw.rollback()\n",
    "the driver's, by the connection": f"{MADE_BY_DRIVER}op.get_bind().rollback()\n",
    "the driver's, by a statement": f"{MADE_BY_DRIVER}op.execute('ROLLBACK')\n",
    "the driver's, by its isolation level": f"{MADE_BY_DRIVER}raw.set_isolation_level(0)\n"
    "raw.set_isolation_level(1)\n",
    "by the driver, and another one begun": f"{MADE}{RAW}raw.rollback()\n{WORK}",
    "after a rollback of nothing": f"op.get_bind().rollback()\n{MADE}op.get_bind().rollback()\n",
    "after the driver's rollback of nothing": f"{RAW}raw.rollback()\n{MADE}raw.rollback()\n",
    "rows": f"op.execute(\"INSERT INTO accounts (name) VALUES ('Ada')\")\n{RAW}raw.rollback()\n",
    "after an error that was caught": MADE
    + "try:\n    op.execute('SELECT 1/0')\nexcept Exception:\n    op.get_bind().rollback()\n",
}


@pytest.mark.parametrize("how", LOST)
def test_work_that_was_rolled_back_is_never_called_applied(stage: Stage, how: str) -> None:
    stage.project.add("0004", "0003", LOST[how])
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert "rolled back its own transaction" in ended.verdict["error"]["message"]
    assert "remove the rollback" in ended.verdict["next_step"]
    assert ended.verdict["to"] == stage.rows() == REVISIONS[-1:]
    assert not {"gone", "kept"} & stage.tables()


@pytest.fixture
def atomic(stage: Stage) -> Stage:
    """Give a stage at 0003, with an env.py that has one transaction for all revisions."""
    assert stage.run().exit_code == 0
    stage.database.execute("CREATE TYPE mood AS ENUM ('sad'); CREATE SCHEMA app")
    stage.project.edit_env("with connectable.connect() as", "with connectable.begin() as")
    return stage


IN_ONE = [how for how in NOTHING_DONE if "driver" in how or "psycopg2" in how or "statement" in how]


@pytest.mark.parametrize("how", IN_ONE)
@ON_ONE_SERVER
def test_so_may_one_that_env_py_has_begun(atomic: Stage, how: str) -> None:
    atomic.project.add("0004", "0003", NOTHING_DONE[how] + WORK)
    ended = atomic.run()
    assert (ended.exit_code, atomic.rows()) == (0, ["0004"]), ended.verdict
    assert "kept" in atomic.tables()


BY_DRIVER = [how for how in LOST if "connection" not in how and "rollback of nothing" not in how]


@pytest.mark.parametrize("how", BY_DRIVER)
def test_but_no_work_is_lost_in_it(atomic: Stage, how: str) -> None:
    atomic.project.add("0004", "0003", LOST[how])
    ended = atomic.run()
    assert (ended.exit_code, atomic.rows()) == (21, ["0003"]), ended.verdict


def test_nor_that_of_the_revision_before(atomic: Stage) -> None:
    atomic.project.add("0004", "0003", MADE)
    atomic.project.add("0005", "0004", f"{RAW}raw.rollback()\n{WORK}")
    ended = atomic.run()
    assert (ended.exit_code, atomic.rows()) == (21, ["0003"]), ended.verdict
    assert not {"gone", "kept"} & atomic.tables()


@pytest.mark.parametrize("ending", [f"{RAW}raw.rollback()\n", "op.execute('ROLLBACK')\n"])
@pytest.mark.parametrize("setting", ["SET LOCAL search_path TO app", "SET search_path TO app"])
def test_nor_the_search_path_that_env_py_has_set_in_it(
    atomic: Stage, setting: str, ending: str
) -> None:
    """With Alembic alone the table would be made in another schema."""
    begun = "with connectable.begin() as connection:\n"
    atomic.project.edit_env(begun, f"{begun}        connection.exec_driver_sql({setting!r})\n")
    atomic.project.edit_env(
        "target_metadata=target_metadata", "target_metadata=None, version_table_schema='public'"
    )
    atomic.project.add("0004", "0003", ending)
    ended = atomic.run()
    assert (ended.exit_code, atomic.rows()) == (21, ["0003"]), ended.verdict
    assert "the search_path or the role" in ended.verdict["error"]["message"]


ASYNC_NOTHING = {
    "the connection's rollback": "op.get_bind().rollback()\n",
    "the adapter's rollback": f"{RAW}raw.rollback()\n",
    "a statement": "op.execute('ROLLBACK')\n",
    "the connection's commit": "op.get_bind().commit()\n",
}


@ON_ONE_SERVER
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("how", ASYNC_NOTHING)
def test_so_it_is_with_an_async_driver(stage: Stage, driver: str, how: str) -> None:
    shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    file = stage.project.add("0004", "0003", MADE + ASYNC_NOTHING[how])
    url = url_with(stage, driver)
    if "commit" not in how:
        ended = stage.run(DATABASE_URL=url)
        assert (ended.exit_code, stage.rows()) == (21, ["0003"]), ended.verdict
    file.unlink()
    stage.project.add("0004", "0003", ASYNC_NOTHING[how] + WORK)
    ended = stage.run(DATABASE_URL=url)
    assert (ended.exit_code, stage.rows()) == (0, ["0004"]), ended.verdict
    assert "kept" in stage.tables()


OTHERS_ROLLBACK = """
import os, psycopg2
other = psycopg2.connect(os.environ["DATABASE_URL"])
other.cursor().execute("CREATE TABLE others (id int)")
other.rollback()
"""


@ON_ONE_SERVER
def test_a_rollback_of_somebody_elses_is_not_the_revisions(stage: Stage) -> None:
    """SQLAlchemy is heard of, so its transaction is known to have done nothing."""
    body = "op.get_bind().rollback()\n" + dedent(OTHERS_ROLLBACK) + WORK
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"


@ON_ONE_SERVER
@pytest.mark.parametrize("how", ["raw.commit()", "raw.cursor().execute('COMMIT')"])
def test_nor_does_it_hide_a_commit_by_the_driver(stage: Stage, how: str) -> None:
    body = f"{RAW}raw.cursor().execute('CREATE TABLE kept (id int)')\n{how}\n"
    stage.project.add("0004", "0003", body + dedent(OTHERS_ROLLBACK))
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.verdict
    assert "kept" in stage.tables()


@ON_ONE_SERVER
def test_where_it_cannot_be_told_the_row_is_not_written(stage: Stage) -> None:
    """The driver's rollback is unheard: whose the rolled back work was is not known."""
    file = stage.project.add("0004", "0003", f"{RAW}raw.rollback()\n{dedent(OTHERS_ROLLBACK)}")
    ended = stage.run()
    assert (ended.exit_code, stage.rows()) == (21, ["0003"]), ended.verdict
    assert "run again as it is" in ended.verdict["next_step"]
    file.write_text(file.read_text().replace("other.rollback()", "other.close()"))


CHAIN = "op.execute('ROLLBACK AND CHAIN')\n"
PARTS = {
    "a commit, then work, then a failure": ("op.execute('COMMIT')\n" + WORK, True),
    "a commit, then a failure": ("op.execute('COMMIT')\n", False),
    "a rollback, then a failure": ("op.get_bind().rollback()\n", False),
    "a rollback, work, then a failure": ("op.get_bind().rollback()\n" + WORK, False),
    "a rollback as a statement, work, then a failure": ("op.execute('ROLLBACK')\n" + WORK, True),
    "a rollback that chains, work, then a failure": (f"{CHAIN}{WORK}", False),
    "a commit that chains, work, then a failure": (
        f"{CHAIN.replace('ROLLBACK', 'COMMIT')}{WORK}",
        False,
    ),
    "work, then a commit that chains": (f"{WORK}{CHAIN.replace('ROLLBACK', 'COMMIT')}", True),
    "a rollback that chains, work, its commit": (f"{CHAIN}{WORK}op.execute('COMMIT')\n", True),
    "a rollback that chains, work, SQLAlchemy's commit": (
        f"{CHAIN}{WORK}op.get_bind().commit()\n",
        True,
    ),
    "a rollback that chains, work, another one": (f"{CHAIN}{WORK}{CHAIN}", False),
    "an autocommit block that fails at once": ("block:", False),
    "an autocommit block that fails later": (f"block:{WORK}", True),
    "work by the driver and its commit": (
        f"{RAW}raw.cursor().execute('CREATE TABLE kept (id int)')\nraw.commit()\n",
        True,
    ),
    "work and the driver's commit": (f"{WORK}{RAW}raw.commit()\n", True),
    "work": (WORK, False),
}


@pytest.mark.parametrize("failure", ["op.execute('SELECT 1/0')\n", "raise ValueError('no')\n"])
@pytest.mark.parametrize("part", PARTS)
@ON_ONE_SERVER
def test_a_part_is_said_to_be_committed_only_where_one_is(
    stage: Stage, part: str, failure: str
) -> None:
    before, kept = PARTS[part]
    body = before + failure
    if before.startswith("block:"):
        lines = (before.removeprefix("block:") + failure).splitlines()
        body = "\n    ".join(["with op.get_context().autocommit_block():", *lines])
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert ("kept" in stage.tables()) == kept
    assert (ended.verdict.get("partly_applied") == "0004") == kept
    assert ("undo that by hand" in ended.verdict["next_step"]) == kept
