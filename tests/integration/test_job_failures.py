"""A revision that fails: what stays, what is rolled back, what is said, and when it is said."""

import json
import signal

import pytest

from tests.harness.program import until
from tests.harness.project import REVISIONS, TABLES
from tests.integration.stage import Stage

SECRET_ROW = "INSERT INTO accounts (id, name) VALUES (1, 'Ada'), (1, 'Grace')"
SHAPE = "INSERT INTO accounts (id, name) VALUES (?, '?'), (?, '?')"
WORKERS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'headstart:work:%'"
LOCKS = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def test_what_was_committed_before_a_failing_revision_stays(stage: Stage) -> None:
    body = f'op.create_table("half", sa.Column("id", sa.Integer))\nop.execute("{SECRET_ROW}")'
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert [step["revision"] for step in ended.verdict["applied"]] == REVISIONS
    assert ended.verdict["to"] == stage.rows() == ["0003"]
    assert stage.tables() == TABLES | {"alembic_version"}
    assert stage.database.query("TABLE accounts") == []


@pytest.mark.parametrize(("level", "shown"), [("info", SHAPE), ("debug", SECRET_ROW)])
def test_a_failing_statement_is_in_the_log_only_and_its_values_at_debug(
    stage: Stage, level: str, shown: str
) -> None:
    """The verdict has the revision and the SQLSTATE; rows of people's data are nowhere."""
    stage.project.add("0004", "0003", f'op.execute("{SECRET_ROW}")')
    ended = stage.run(HEADSTART_LOG_LEVEL=level)
    error = ended.verdict["error"]
    assert error["sqlstate"] == "23505"
    assert "0004" in error["message"]
    assert [e["statement"] for e in ended.events if e["event"] == "statement_failed"] == [shown]
    assert "INSERT" not in json.dumps(ended.verdict)
    if level == "info":
        assert "Key (id)=(1) already exists" not in ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE accounts ADD CONSTRAINT long CHECK (length(name) > 100)",
        "ALTER TABLE accounts ALTER name TYPE int USING name::int",
        "CREATE UNIQUE INDEX one ON accounts ((1))",
        "ALTER TABLE accounts ADD owner int NOT NULL",
        "ALTER TABLE accounts ALTER name TYPE varchar(1)",
    ],
)
def test_the_cure_names_the_rows_that_a_revision_meets(stage: Stage, statement: str) -> None:
    """Other databases may have taken it: it need not be the revision that is wrong."""
    stage.run()
    stage.database.execute("INSERT INTO accounts (id, name) VALUES (1, 'Ada'), (2, 'Grace')")
    stage.project.add("0004", "0003", f'op.execute("{statement}")')
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert "or the rows that it meets" in ended.verdict["next_step"]


def test_already_exists_is_a_failure_and_never_a_stamp(stage: Stage) -> None:
    stage.run(HEADSTART_TARGET="0002")
    stage.database.execute("CREATE TABLE invoices (by_hand int)")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert ended.verdict["error"]["sqlstate"] == "42P07"
    assert ended.verdict["to"] == stage.rows() == ["0002"]


@pytest.mark.parametrize("raised", ["sys.exit(0)", "raise KeyError('price')"])
def test_a_script_that_ends_is_not_a_success(stage: Stage, raised: str) -> None:
    file = stage.project.add("0004", "0003", raised, top="import os, sys")
    ended = stage.run()
    assert stage.rows() == ["0003"]
    assert ended.exit_code == 21
    assert ended.verdict["outcome"] == "revision_failed"
    assert f"{file}, line 7" in ended.verdict["error"]["message"]


def test_a_deadline_in_the_middle_of_a_revision_rolls_it_back(stage: Stage) -> None:
    sleep = (
        'op.create_table("half", sa.Column("id", sa.Integer))\nop.execute("SELECT pg_sleep(60)")'
    )
    stage.project.add("0004", "0003", sleep)
    ended = stage.run(HEADSTART_DEADLINE_SECONDS="6", HEADSTART_HEARTBEAT_SECONDS="0.3")
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert "HEADSTART_DEADLINE_SECONDS" in ended.verdict["error"]["message"]
    assert ended.verdict["to"] == stage.rows() == ["0003"]
    assert "half" not in stage.tables()
    assert stage.database.query(WORKERS) == []
    assert stage.database.query(LOCKS) == []
    beats = [e["revision"] for e in ended.events if e["event"] == "revision_running"]
    assert beats[-1] == "0004"  # on a slow machine an earlier one may take a heartbeat, too


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_rolls_back_and_frees_the_lock(stage: Stage, signum: signal.Signals) -> None:
    stage.project.add("0004", "0003", 'op.execute("SELECT pg_sleep(60)")')
    with stage.start() as run:
        run.await_event("revision_started", revision="0004")
        until(lambda: stage.database.query(WORKERS), "the worker at work")
        run.process.send_signal(signum)
        ended = run.end()
    assert ended.exit_code == 128 + signum
    assert ended.outcome == signum.name.lower()
    assert ended.verdict["to"] == stage.rows() == ["0003"]
    assert stage.database.query(LOCKS) == []


def test_a_revision_is_said_to_be_applied_only_after_its_commit(stage: Stage) -> None:
    """At each revision_applied line a second connection sees that revision, and no later one."""
    stage.project.remove(*REVISIONS)
    parents = [None, *REVISIONS]
    for revision, parent in zip(REVISIONS, parents, strict=False):
        table = f'op.create_table("t{revision}", sa.Column("id", sa.Integer))'
        stage.project.add(revision, parent, f'op.execute("SELECT pg_sleep(0.5)")\n{table}')
    said, seen = follow(stage)
    assert said == seen == REVISIONS


def follow(stage: Stage) -> tuple[list[str], list[str]]:
    """Return what the run said was applied, and the version row at each of these moments."""
    said: list[str] = []
    seen: list[str] = []
    with stage.start() as run:
        for event in run.stream():
            if event["event"] == "revision_applied":
                said.append(event["revision"])
                seen += stage.rows() or []
    assert [step["revision"] for step in event["applied"]] == said
    return said, seen


def test_a_bug_of_headstarts_own_is_not_blamed_on_the_revision(stage: Stage) -> None:
    """What Alembic calls of ours while a revision runs: a function is taken away, for a bug."""
    ended = stage.run_python(
        "import headstart.revisions.upgrade as upgrade, headstart.command.main as command;"
        " upgrade.commit_rest = None; command.main([])"
    )
    assert (ended.exit_code, ended.verdict["outcome"]) == (1, "internal_error")


def test_what_env_calls_of_headstart_in_a_wrong_way_is_env_pys_mistake(stage: Stage) -> None:
    stage.project.edit_env(
        "config = context.config\n",
        "config = context.config\n"
        "from headstart.settings.driver_url import sqlalchemy_url\nsqlalchemy_url(3)\n",
    )
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
