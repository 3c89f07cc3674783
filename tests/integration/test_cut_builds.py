"""A run that is cut off while it builds an index: what it says, what the next says, what helps."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest

from tests.harness.program import Run, until
from tests.integration.broken_indexes import TWICE, invalid
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage

CREATE = "CREATE INDEX CONCURRENTLY ix_names ON accounts (name)"
CAREFUL = CREATE.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS")
DROP = 'DROP INDEX CONCURRENTLY "public"."ix_names"'
ADD = 'op.execute("ALTER TABLE accounts ADD note text")'
BUILDING = """
    SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'virtualxid' AND NOT l.granted AND a.query LIKE 'CREATE%INDEX%'
"""


def index_revision(stage: Stage, statement: str, before: str = "") -> None:
    """Add a revision that builds an index outside a transaction, after it did something else."""
    stage.project.add(
        "0004",
        "0003",
        f"""
        {before or "pass"}
        with op.get_context().autocommit_block():
            op.execute("{statement}")
        """,
    )


@contextmanager
def building(stage: Stage, **environ: str) -> Iterator[Run]:
    """Give a run that is at its build, which waits for an old snapshot."""
    assert stage.run(HEADSTART_TARGET="0003").exit_code == 0
    held = psycopg2.connect(stage.database.url)
    held.set_session(isolation_level="REPEATABLE READ")
    held.cursor().execute("SELECT 1")
    try:
        with stage.start(**environ) as run:
            until(lambda: stage.database.query(BUILDING), "a build that waits", 60)
            yield run
    finally:
        held.close()


def killed(stage: Stage) -> None:
    """Kill a run at its build."""
    with building(stage) as run:
        run.kill()
        until(lambda: not stage.database.query(BUILDING), "the end of the build")
    assert invalid(stage.database) == ["ix_names"]


REFUSE = {"HEADSTART_INVALID_INDEXES": "refuse"}


def done_as_told(stage: Stage, *more: str) -> None:
    """A run that may drop nothing ends with 26; what it says is done, and the next one is ready."""
    done = stage.run(**REFUSE)
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["repair"] == [DROP]
    assert "stamp" not in done.verdict["next_step"]
    assert stage.rows() == ["0003"]
    for statement in (*more, *done.verdict["repair"]):
        stage.database.execute(statement)
    assert stage.run(**REFUSE).exit_code == 0
    assert invalid(stage.database) == []
    assert stage.rows() == ["0004"]
    assert stage.database.query("SELECT to_regclass('ix_names') IS NOT NULL") == [(True,)]


def test_what_the_deadline_cut_is_said_to_be_left(stage: Stage) -> None:
    """IF NOT EXISTS would be content with it."""
    index_revision(stage, CAREFUL)
    with building(stage, HEADSTART_DEADLINE_SECONDS="15") as run:
        end = run.end()
    assert (end.exit_code, end.outcome) == (12, "blocked"), end.verdict
    message, step = end.verdict["error"]["message"], end.verdict["next_step"]
    assert "was rolled back" not in message
    assert "revision 0004 was at work outside a transaction" in message
    assert "index public.ix_names of table public.accounts was left INVALID" in step
    done_as_told(stage)


def test_what_a_killed_run_left_is_dropped_by_whoever_may(stage: Stage) -> None:
    index_revision(stage, CREATE)
    killed(stage)
    done_as_told(stage)


def test_so_it_does_where_the_schema_is_known(known: KnownStage) -> None:
    index_revision(known, CREATE)
    rebuild(known)
    killed(known)
    done_as_told(known)


def test_what_the_revision_did_before_its_index_has_to_be_undone_too(stage: Stage) -> None:
    """The retry fails at the column already, and the index is in the same script."""
    index_revision(stage, CREATE, ADD)
    killed(stage)
    done_as_told(stage, "ALTER TABLE accounts DROP note")


def test_after_a_signal_nothing_is_said_to_be_rolled_back_that_is_not(stage: Stage) -> None:
    index_revision(stage, CREATE)
    with building(stage) as run:
        run.process.send_signal(signal.SIGTERM)
        end = run.end()
    assert end.outcome == "sigterm"
    assert "rolled back" not in end.verdict["next_step"]
    assert "revision 0004 was at work outside a transaction" in end.verdict["next_step"]
    assert (
        "index public.ix_names of table public.accounts was left INVALID"
        in (end.verdict["next_step"])
    )
    assert end.verdict["invalid_indexes"] == [
        {"index": "public.ix_names", "table": "public.accounts"}
    ]


def test_nor_after_a_lost_connection(stage: Stage) -> None:
    index_revision(stage, CREATE)
    with building(stage) as run:
        stage.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'headstart:work:%'"
        )
        end = run.end()
    assert "rolled back" not in end.verdict["next_step"]
    assert "revision 0004 was at work outside a transaction" in end.verdict["next_step"]
    assert "ix_names" in end.verdict["next_step"]


def test_a_revision_within_its_transaction_is_rolled_back_and_that_is_said(stage: Stage) -> None:
    index_revision(stage, CREATE)
    stage.project.add("0005", "0004", 'op.execute("SELECT pg_sleep(60)")')
    with stage.start() as run:
        run.await_event("revision_started", revision="0005")
        run.process.send_signal(signal.SIGTERM)
        end = run.end()
    assert end.applied[-1] == "0004"
    assert "the rest was rolled back" in end.verdict["next_step"]


def test_duplicates_are_named_as_what_to_remove_before_the_index_is_dropped(stage: Stage) -> None:
    index_revision(stage, CREATE.replace("INDEX", "UNIQUE INDEX"))
    assert stage.run(HEADSTART_TARGET="0003").exit_code == 0
    stage.database.execute(TWICE)
    done = stage.run(**REFUSE)
    assert done.verdict["outcome"] == "revision_failed"
    assert done.verdict["error"]["sqlstate"] == "23505"
    assert "remove duplicate rows" in done.verdict["next_step"]
    assert DROP in done.verdict["next_step"]
    again = stage.run(**REFUSE)
    assert (again.exit_code, again.verdict["repair"]) == (26, [DROP]), again.verdict
    stage.database.execute("DELETE FROM accounts WHERE id > 1")
    stage.database.execute(DROP)
    assert stage.run().exit_code == 0


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE INDEX ix_names ON accounts (id)",
        "CREATE TABLE ix_names (id int)",
        "CREATE VIEW ix_names AS SELECT 1",
    ],
)
def test_what_is_there_otherwise_is_neither_to_be_removed_nor_stamped(
    stage: Stage, planted: str
) -> None:
    index_revision(stage, CREATE)
    assert stage.run(HEADSTART_TARGET="0003").exit_code == 0
    stage.database.execute(planted)
    done = stage.run()
    assert (done.exit_code, done.verdict["outcome"]) == (21, "revision_failed")
    assert "stamp" not in done.verdict["next_step"]
    assert "remove" not in done.verdict["next_step"]
    assert "let the database and the revision agree" in done.verdict["next_step"]
