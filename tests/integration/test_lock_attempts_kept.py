"""A blocked revision that has left its transaction: what it has kept is said, and nothing else."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.background import in_the_background
from tests.harness.server import Database
from tests.integration.blocked_runs import ADD, DRIVERS, INSERT, ONCE, blocked, held, use
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

HAD, MAY = "had committed a part of its work", "may have committed a part of its work"
INSERTS = "INSERT INTO accounts (id, name) VALUES (77, 'once');"
ADDS = "ALTER TABLE accounts ADD note text;"
RAW = "raw = op.get_bind().connection.dbapi_connection\n"
BLOCK = f"DO $$ BEGIN {INSERTS} COMMIT; {ADDS} END $$"
ROUTINES = (
    "CREATE FUNCTION insert_it() RETURNS void LANGUAGE plpgsql AS"
    f" $f$ BEGIN {INSERTS} END $f$;"
    "CREATE PROCEDURE work() LANGUAGE plpgsql AS"
    f" $p$ BEGIN {INSERTS} COMMIT; {ADDS} END $p$"
)  # fmt: skip


def sends(sql: str) -> str:
    """Give the line of a script that executes it."""
    return f"op.execute({sql!r})\n"


def run_blocked(stage: Stage, body: str, **environ: str) -> dict[str, object]:
    """Run it while somebody holds the table, and give the verdict."""
    stage.project.add("0004", "0003", body)
    with held(stage.database, 60, "LOCK TABLE accounts IN ROW EXCLUSIVE MODE"):
        ended = stage.run(
            HEADSTART_DDL_RETRY_SECONDS="2", HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="1", **environ
        )
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert not blocked(ended), "there is one attempt"
    return ended.verdict


@contextmanager
def commits(database: Database) -> Iterator[None]:
    """Have somebody else commit again and again, which is nothing of the revision's."""

    def commit() -> None:
        other.cursor().execute("SELECT txid_current()")
        time.sleep(0.05)

    with closing(psycopg2.connect(database.url)) as other:
        other.autocommit = True
        with in_the_background(commit):
            yield


INSIDE = {
    "a block": sends("COMMIT") + sends(BLOCK),
    "a procedure": sends("COMMIT") + sends("CALL work()"),
    "a procedure in a block": sends("COMMIT") + sends("DO $$ BEGIN CALL work(); END $$"),
    "a block behind a rollback": sends("ROLLBACK") + sends(BLOCK),
    "a block in the driver's autocommit": f"{RAW}raw.rollback()\nraw.autocommit = True\n"
    + sends(BLOCK),
    "a function that has succeeded": sends("COMMIT") + sends("SELECT insert_it()") + ADD,
    "several statements in one": sends("COMMIT") + sends(f"{INSERTS} COMMIT; {ADDS}"),
}


@pytest.mark.parametrize("shape", INSIDE)
def test_what_may_have_committed_inside_of_a_statement_is_said(behind: Stage, shape: str) -> None:
    behind.database.execute(ROUTINES)
    verdict = run_blocked(behind, INSIDE[shape])
    assert behind.database.query(ONCE) == [(1,)]
    assert f"revision 0004 {MAY}" in str(verdict["next_step"])
    assert verdict["partly_applied"] == "0004"
    assert "rolled back" not in str(verdict["error"])


def test_in_an_autocommit_block_as_well(behind: Stage) -> None:
    """There is no limit of ours there: the script has one."""
    body = sends("SET lock_timeout = '1s'") + sends(BLOCK)
    lines = "    ".join(["with op.get_context().autocommit_block():\n", *body.splitlines(True)])
    verdict = run_blocked(behind, lines)
    assert behind.database.query(ONCE) == [(1,)]
    assert MAY in str(verdict["next_step"])


def test_a_block_that_could_commit_and_did_not_is_no_part(behind: Stage) -> None:
    block = f"DO $$ BEGIN {ADDS} COMMIT; END $$"
    verdict = run_blocked(behind, sends("COMMIT") + sends(block))
    assert "wait until the transaction of pid" in str(verdict["next_step"])
    assert "partly_applied" not in verdict


UNDONE = {
    "a rollback and a transaction of its own": INSERT
    + sends("ROLLBACK")
    + sends("BEGIN")
    + INSERT
    + ADD,
    "a rollback that chains": INSERT + sends("ROLLBACK AND CHAIN") + INSERT + ADD,
    "two rollbacks": INSERT
    + sends("ROLLBACK")
    + sends("START TRANSACTION")
    + INSERT
    + sends("ROLLBACK")
    + sends("BEGIN")
    + INSERT
    + ADD,
    "SQLAlchemy's rollback": INSERT + "op.get_bind().rollback()\n" + INSERT + ADD,
}


@DRIVERS
@pytest.mark.parametrize("shape", UNDONE)
def test_what_was_rolled_back_needs_no_undoing(behind: Stage, shape: str, driver: str) -> None:
    url = use(behind, driver)
    with commits(behind.database):
        verdict = run_blocked(behind, UNDONE[shape], DATABASE_URL=url)
    assert behind.database.query(ONCE) == [(0,)]
    assert "wait until the transaction of pid" in str(verdict["next_step"])
    assert "partly_applied" not in verdict


KEPT = {
    "a transaction of its own": INSERT.replace("77", "78")
    + sends("ROLLBACK")
    + sends("BEGIN")
    + INSERT
    + sends("COMMIT")
    + ADD,
    "SQLAlchemy's": INSERT.replace("77", "78")
    + "op.get_bind().rollback()\n"
    + INSERT
    + "op.get_bind().commit()\n"
    + ADD,
}


@DRIVERS
@pytest.mark.parametrize("shape", KEPT)
def test_what_was_committed_after_a_rollback_is_known(
    behind: Stage, shape: str, driver: str
) -> None:
    url = use(behind, driver)
    verdict = run_blocked(behind, KEPT[shape], DATABASE_URL=url)
    assert behind.database.query(ONCE) == [(1,)]
    assert HAD in str(verdict["next_step"])


def test_what_the_driver_commits_after_a_rollback_is_known(behind: Stage) -> None:
    body = sends("ROLLBACK") + sends("BEGIN") + INSERT + f"{RAW}raw.commit()\n" + ADD
    verdict = run_blocked(behind, body)
    assert behind.database.query(ONCE) == [(1,)]
    assert f"revision 0004 {HAD}" in str(verdict["next_step"])


UNDONE_FIRST = INSERT.replace("77", "78")
UNHEARD = {
    "all of it": f"{RAW}raw.rollback()\nraw.cursor().execute({INSERTS!r})\nraw.commit()\n"
    f"raw.cursor().execute({ADDS!r})\n",
    "behind a rollback": UNDONE_FIRST
    + sends("ROLLBACK")
    + f"{RAW}raw.rollback()\nraw.cursor().execute({INSERTS!r})\nraw.commit()\n"
    + f"raw.cursor().execute({ADDS!r})\n",
    "the commit of a function's work": UNDONE_FIRST
    + sends("ROLLBACK")
    + sends("BEGIN")
    + sends("SELECT insert_it()")
    + f"{RAW}raw.commit()\n"
    + ADD,
    "a function that commits": UNDONE_FIRST
    + sends("ROLLBACK")
    + sends("BEGIN")
    + "def work(bind):\n"
    + f"    raw = bind.connection.dbapi_connection\n    raw.cursor().execute({INSERTS!r})\n"
    + "    raw.commit()\n"
    + "work(op.get_bind())\n"
    + ADD,
}


@pytest.mark.parametrize("shape", UNHEARD)
def test_what_the_driver_has_done_by_itself_is_suspected(behind: Stage, shape: str) -> None:
    behind.database.execute(ROUTINES)
    verdict = run_blocked(behind, UNHEARD[shape])
    assert behind.database.query(ONCE) == [(1,)]
    assert MAY in str(verdict["next_step"])


def test_a_failure_of_another_kind_says_the_same(behind: Stage) -> None:
    block = BLOCK.replace(ADDS, "PERFORM 1/0;")
    behind.project.add("0004", "0003", sends("COMMIT") + sends(block))
    ended = behind.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert behind.database.query(ONCE) == [(1,)]
    assert MAY in ended.verdict["next_step"]


def test_it_is_asked_also_in_the_failed_transaction_that_follows(behind: Stage) -> None:
    """The script goes on after its block has failed, in a transaction that fails, too."""
    body = (
        sends("COMMIT")
        + f"try:\n    {sends(BLOCK.replace(ADDS, 'PERFORM 1/0;'))}except Exception:\n    pass\n"
        + sends("BEGIN")
        + ADD
    )
    verdict = run_blocked(behind, body)
    assert behind.database.query(ONCE) == [(1,)]
    assert MAY in str(verdict["next_step"])
