"""Whatever the comment on the version table meets, the revision and the run go on as without it."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.project import REVISIONS
from tests.integration.recorded import chain_of, comment_of, not_written, record_of
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

EVENT_TRIGGER = """
    CREATE FUNCTION public.at_comments() RETURNS event_trigger LANGUAGE plpgsql
        AS $$ BEGIN {} END $$;
    CREATE EVENT TRIGGER at_comments ON ddl_command_end WHEN TAG IN ('COMMENT')
        EXECUTE FUNCTION public.at_comments()
"""
AT_A_COMMENT = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@contextmanager
def holding(stage: Stage, sql: str) -> Iterator[Callable[[], None]]:
    """Have executed this in a transaction that is open; gives what ends it."""
    connection = psycopg2.connect(stage.database.url)
    connection.cursor().execute(sql)
    try:
        yield connection.commit
    finally:
        connection.close()


@ON_ONE_SERVER
def test_a_role_that_does_not_own_the_table_records_nothing_and_says_it_once(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0001", HEADSTART_RECORD="off").exit_code == 0
    with stage.login() as role:
        stage.database.execute(
            f"GRANT ALL ON SCHEMA public TO {role};"
            f" GRANT ALL ON accounts, alembic_version TO {role}"
        )
        done = stage.run(DATABASE_URL=stage.url_of(role))
        assert done.verdict["outcome"] == "upgraded", done.verdict
        (cause,) = not_written(done)
    assert "42501" in cause
    assert comment_of(stage.database) is None
    assert stage.rows() == ["0003"]


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("ours, do not touch: %s $1 ü", "somebody else's"),
        (" ", "somebody else's"),
        (json.dumps({"headstart": 1, "at": 1}), "somebody else's"),
        (json.dumps({"headstart": 1, "at": [], "chain": [], "x": "y" * 20_000}), "somebody else's"),
        (json.dumps({"headstart": 2, "rows": ["0001"]}), "a newer headstart's"),
    ],
    ids=["words", "blank", "malformed", "too long", "newer"],
)
@ON_ONE_SERVER
def test_a_comment_that_is_not_ours_stays(stage: Stage, comment: str, told: str) -> None:
    stage.make_version_table("0001")
    stage.make_by_hand("0001")
    stage.database.execute(f"COMMENT ON TABLE alembic_version IS '{comment}'")
    before = comment_of(stage.database)
    done = stage.run()
    assert done.verdict["outcome"] == "upgraded", done.verdict
    (cause,) = not_written(done)
    assert told in cause
    assert comment_of(stage.database) == before
    assert not_written(stage.run()) == []  # nothing to do, nothing to say


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@ON_ONE_SERVER
def test_an_event_trigger_that_raises_does_not_take_the_revision_along(
    stage: Stage, driver: str
) -> None:
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    stage.database.execute(EVENT_TRIGGER.format("RAISE EXCEPTION 'no comments here';"))
    done = stage.run(DATABASE_URL=url_with(stage, driver))
    assert done.verdict["outcome"] == "upgraded", done.verdict
    assert not_written(done) == ["no comments here (P0001)"]
    assert stage.rows() == ["0003"]
    assert comment_of(stage.database) is None


@ON_ONE_SERVER
def test_in_one_transaction_for_all_the_settings_and_the_work_stay(stage: Stage) -> None:
    """What the savepoint takes back is the comment alone."""
    stage.database.execute(EVENT_TRIGGER.format("RAISE EXCEPTION 'no';"))
    stage.project.edit_env("connectable.connect()", "connectable.begin()")
    stage.project.add("0004", "0003", "op.execute(\"SET LOCAL work_mem = '7MB'\")")
    stage.project.add(
        "0005",
        "0004",
        "op.execute(\"CREATE TABLE seen AS SELECT current_setting('work_mem') AS memory\")",
    )
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.database.query("SELECT memory FROM seen") == [("7MB",)]


@ON_ONE_SERVER
def test_a_view_in_the_place_of_the_version_table_ends_a_run_as_without_a_record(
    stage: Stage,
) -> None:
    stage.project.add(
        "0004",
        "0003",
        "op.execute('ALTER TABLE alembic_version RENAME TO versions')\n"
        "op.execute('CREATE VIEW alembic_version AS SELECT * FROM versions')\n",
    )
    done = stage.run()
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision"), done.verdict
    assert [each["revision"] for each in done.verdict["applied"]] == [*REVISIONS, "0004"]
    assert stage.database.query("SELECT * FROM versions") == [("0004",)]
    (cause,) = not_written(done)
    assert "42809" in cause


@ON_ONE_SERVER
def test_a_lock_on_the_table_keeps_the_record_away_and_the_run_does_not_wait_for_it(
    stage: Stage,
) -> None:
    assert stage.run(HEADSTART_TARGET="0001").exit_code == 0
    before = comment_of(stage.database)
    with holding(stage, "LOCK TABLE alembic_version IN SHARE UPDATE EXCLUSIVE MODE"):
        done = stage.run()
    assert done.verdict["outcome"] == "upgraded", done.verdict
    assert done.verdict["duration_seconds"] < 4
    (cause,) = not_written(done)
    assert "55P03" in cause
    assert (stage.rows(), comment_of(stage.database)) == (["0003"], before)
    stage.project.add("0004", "0003")
    assert stage.run().exit_code == 0
    assert record_of(stage.database)["at"] == ["0004"]


@ON_ONE_SERVER
def test_what_a_lock_kept_away_is_written_with_the_next_revision(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0001").exit_code == 0
    stage.project.add("0004", "0003", "import time; time.sleep(3)")
    with (
        holding(stage, "LOCK TABLE alembic_version IN SHARE UPDATE EXCLUSIVE MODE") as release,
        stage.start() as run,
    ):
        run.await_event("revision_started", revision="0004")
        release()
        assert run.end().exit_code == 0
    assert record_of(stage.database)["at"] == ["0004"]
    assert chain_of(stage.database) == [*REVISIONS, "0004"]


@ON_ONE_SERVER
def test_a_run_that_is_killed_at_the_comment_has_written_neither_row_nor_record(
    stage: Stage,
) -> None:
    assert stage.run(HEADSTART_TARGET="0001").exit_code == 0
    before = comment_of(stage.database)
    stage.database.execute(EVENT_TRIGGER.format("PERFORM pg_sleep(60);"))
    with stage.start() as killed:
        until(lambda: stage.database.query(AT_A_COMMENT), "a comment that takes a minute")
        killed.kill()
    stage.database.execute("DROP EVENT TRIGGER at_comments")
    until(lambda: not stage.database.query(AT_A_COMMENT), "the end of the dead run's statement")
    assert (stage.rows(), comment_of(stage.database)) == (["0001"], before)
    assert stage.run().exit_code == 0
    assert record_of(stage.database)["at"] == ["0003"] == stage.rows()
    assert chain_of(stage.database) == REVISIONS


@ON_ONE_SERVER
def test_a_run_that_is_killed_in_a_revision_has_recorded_those_before(stage: Stage) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(60)')")
    with stage.start() as killed:
        until(lambda: stage.database.query(AT_A_COMMENT), "a revision that takes a minute")
        killed.kill()
    assert record_of(stage.database)["at"] == ["0003"] == stage.rows()
    assert chain_of(stage.database) == REVISIONS


@ON_ONE_SERVER
def test_a_run_that_is_killed_between_a_rows_own_commit_and_the_record_leaves_history(
    stage: Stage,
) -> None:
    """A script that sends COMMIT itself commits its row before anything is recorded."""
    assert stage.run(HEADSTART_TARGET="0001").exit_code == 0
    before = comment_of(stage.database)
    stage.project.add("0004", "0003", "op.execute('COMMIT')\nop.execute('CREATE TABLE four ()')")
    assert stage.run(HEADSTART_TARGET="0003").exit_code == 0
    stage.database.execute(EVENT_TRIGGER.format("PERFORM pg_sleep(60);"))
    with stage.start() as killed:
        until(lambda: stage.database.query(AT_A_COMMENT), "a comment that takes a minute")
        killed.kill()
    stage.database.execute("DROP EVENT TRIGGER at_comments")
    assert stage.rows() == ["0004"]
    assert record_of(stage.database)["at"] == ["0003"]
    assert before is not None
    stage.project.add("0005", "0004")
    assert stage.run().exit_code == 0
    assert record_of(stage.database)["at"] == ["0005"] == stage.rows()
    assert chain_of(stage.database) == [*REVISIONS, "0005"]


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@ON_ONE_SERVER
def test_a_connection_that_is_lost_at_the_comment_is_a_lost_connection(
    stage: Stage, driver: str
) -> None:
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    assert stage.run(HEADSTART_TARGET="0001").exit_code == 0
    before = comment_of(stage.database)
    stage.database.execute(EVENT_TRIGGER.format("PERFORM pg_sleep(60);"))
    with stage.start(DATABASE_URL=url_with(stage, driver)) as run:
        until(lambda: stage.database.query(AT_A_COMMENT), "a comment that takes a minute")
        stage.database.query(f"SELECT pg_terminate_backend(pid) FROM ({AT_A_COMMENT}) s")
        ended = run.end()
    assert (ended.exit_code, ended.verdict["outcome"]) == (13, "connection_lost"), ended.verdict
    assert (stage.rows(), comment_of(stage.database)) == (["0001"], before)


@ON_ONE_SERVER
def test_a_signal_at_the_comment_ends_the_run_as_anywhere(stage: Stage) -> None:
    stage.database.execute(EVENT_TRIGGER.format("PERFORM pg_sleep(60);"))
    with stage.start() as run:
        until(lambda: stage.database.query(AT_A_COMMENT), "a comment that takes a minute")
        run.process.send_signal(signal.SIGTERM)
        ended = run.end()
    assert ended.exit_code == 143, ended.verdict
    assert stage.rows() is None
