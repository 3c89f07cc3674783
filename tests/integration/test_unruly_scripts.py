"""Scripts, env.py files and databases that misbehave: never a false "applied", never a false 0."""

import time
from textwrap import dedent

import pytest

from tests.harness.project import REVISIONS, TABLES
from tests.integration.stage import Stage

ROLLBACKS = {
    "connection": """
        connection = op.get_bind()
        op.create_table("gone", sa.Column("id", sa.Integer))
        connection.rollback()
    """,
    "statement": """
        op.create_table("gone", sa.Column("id", sa.Integer))
        op.execute("ROLLBACK")
    """,
    "session": """
        from sqlalchemy.orm import Session
        session = Session(bind=op.get_bind())
        session.execute(sa.text("CREATE TABLE gone (id int)"))
        session.rollback()
    """,
}
COMMITS = {
    "connection": """
        op.create_table("kept", sa.Column("id", sa.Integer))
        op.get_bind().commit()
    """,
    "statement": """
        op.create_table("kept", sa.Column("id", sa.Integer))
        op.execute("COMMIT")
    """,
}


@pytest.mark.parametrize("last", [True, False], ids=["last", "in the middle"])
@pytest.mark.parametrize("how", ROLLBACKS)
def test_a_revision_that_rolls_its_work_back_is_not_applied(
    stage: Stage, how: str, last: bool
) -> None:
    stage.project.add("0004", "0003", ROLLBACKS[how])
    if not last:
        stage.project.add("0005", "0004", 'op.execute("CREATE TABLE five (id int)")')
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert "rolled back its own transaction" in ended.verdict["error"]["message"]
    assert [step["revision"] for step in ended.verdict["applied"]] == REVISIONS
    assert ended.verdict["to"] == stage.rows() == ["0003"]
    assert stage.tables() == TABLES | {"alembic_version"}


@pytest.mark.parametrize("how", COMMITS)
def test_a_revision_that_commits_itself_is_applied_whatever_the_next_one_does(
    stage: Stage, how: str
) -> None:
    stage.project.add("0004", "0003", COMMITS[how])
    stage.project.add("0005", "0004", "raise ValueError('five')")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert [step["revision"] for step in ended.verdict["applied"]] == [*REVISIONS, "0004"]
    assert ended.verdict["to"] == stage.rows() == ["0004"]
    assert "kept" in stage.tables()


def test_a_savepoint_that_is_rolled_back_is_a_revision_like_any_other(stage: Stage) -> None:
    body = """
        op.create_table("kept", sa.Column("id", sa.Integer))
        with op.get_bind().begin_nested() as savepoint:
            op.execute("CREATE TABLE gone (id int)")
            savepoint.rollback()
    """
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"
    assert {"kept"} == stage.tables() - TABLES - {"alembic_version"}


def test_an_autocommit_block_leaves_the_transaction_and_is_fine(stage: Stage) -> None:
    body = """
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY ix_accounts ON accounts (name)")
        op.execute("CREATE TABLE kept (id int)")
    """
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.rows() == ["0004"]
    assert "kept" in stage.tables()


def test_a_second_version_table_is_refused_even_where_the_first_is_at_head(stage: Stage) -> None:
    """A verdict about one of them would be a false 0 for the other."""
    assert stage.run().exit_code == 0
    stage.project.edit_env(
        "        with context.begin_transaction():\n            context.run_migrations()\n\n\nif",
        "        with context.begin_transaction():\n            context.run_migrations()\n"
        "        connection.rollback()\n"
        "        context.configure(connection=connection, version_table='tenant_version')\n"
        "        with context.begin_transaction():\n            context.run_migrations()\n\n\nif",
    )
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert "several version tables" in ended.verdict["error"]["message"]
    assert "tenant_version" not in stage.tables()


@pytest.mark.parametrize("rows", [("0002", "9999"), ("",)], ids=["behind too", "no name"])
def test_no_word_of_an_operator_makes_an_incomplete_database_ready(
    stage: Stage, rows: tuple[str, ...]
) -> None:
    stage.make_version_table(*rows)
    ended = stage.run(HEADSTART_AHEAD="allow")
    assert (ended.exit_code, ended.verdict["outcome"]) == (23, "unknown_revision")
    assert stage.rows() == sorted(rows)


def test_a_value_that_the_driver_cannot_send_is_no_lost_connection(stage: Stage) -> None:
    body = 'op.get_bind().execute(sa.text("SELECT :x"), {"x": object()})'
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "revision_failed"


def test_a_driver_error_without_sqlalchemy_has_its_sqlstate_too(stage: Stage) -> None:
    body = 'op.get_bind().connection.cursor().execute("SELECT 1/0")'
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert ended.verdict["outcome"] == "revision_failed"
    assert ended.verdict["error"]["sqlstate"] == "22012"


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "asyncio.CancelledError"])
def test_whatever_a_revision_raises_is_the_revisions(stage: Stage, raised: str) -> None:
    stage.project.add("0004", "0003", f"raise {raised}", top="import asyncio")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert ended.verdict["to"] == stage.rows() == ["0003"]


def test_a_revision_without_an_id_is_a_broken_history(stage: Stage) -> None:
    stage.project.add("", "0003", name="nameless")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert "nameless.py" in ended.verdict["error"]["message"]


def test_a_killed_autocommit_block_is_ended_before_the_next_run_works(stage: Stage) -> None:
    body = """
        with op.get_context().autocommit_block():
            op.execute("SELECT pg_sleep(60)")
    """
    file = stage.project.add("0004", "0003", body)
    with stage.start() as killed:
        killed.await_event("revision_started", revision="0004")
        time.sleep(1)
        killed.kill()
    file.write_text(file.read_text().replace("pg_sleep(60)", "1"))
    ended = stage.run()
    assert ended.verdict["outcome"] == "upgraded"
    sleeping = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> "
    assert stage.database.query(sleeping + "pg_backend_pid() AND state = 'active'") == []


@pytest.mark.parametrize("text", ["revision = 5", "x = 1", "revision = down_revision = 'loop'"])
def test_a_script_that_alembic_cannot_take_is_named_with_its_file(stage: Stage, text: str) -> None:
    (stage.project.versions / "odd.py").write_text(f"{text}\n")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert "odd.py" in ended.verdict["error"]["message"]


ELSEWHERE = {
    "inspector": "sa.inspect(op.get_bind().engine).get_table_names()",
    "connection": """
        with op.get_bind().engine.connect() as second:
            second.execute(sa.text("SELECT 1"))
    """,
    "after a commit": """
        op.get_bind().commit()
        op.get_bind().execute(sa.text("SELECT 1"))
        op.get_bind().rollback()
    """,
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_a_read_that_is_rolled_back_elsewhere_is_not_the_revisions_work(
    stage: Stage, how: str
) -> None:
    body = 'op.execute("CREATE TABLE kept (id int)")\n' + dedent(ELSEWHERE[how])
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.rows() == ["0004"]
    assert "kept" in stage.tables()


def test_what_env_py_does_after_the_migrations_finds_them_done(stage: Stage) -> None:
    """Not before any revision ran, and once."""
    stage.project.edit_env(
        "            context.run_migrations()\n\n\nif",
        "            context.run_migrations()\n"
        "        connection.exec_driver_sql('INSERT INTO accounts (name) SELECT version_num"
        " FROM alembic_version')\n        connection.commit()\n\n\nif",
    )
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.database.query("SELECT name FROM accounts") == [("0003",)]


def test_an_env_py_that_ends_with_sys_exit_has_ended_well(stage: Stage) -> None:
    stage.project.edit_env(
        "    run_migrations_online()", "    run_migrations_online()\n    exit(0)"
    )
    assert stage.run().verdict["outcome"] == "upgraded"


_IN_A_THREAD = "import os, threading\nthreading.Thread(target={}).start()\nop.execute({!r})"
_SLEEP = "SELECT pg_sleep(3)"
DOORS = {
    "os._exit": "import os; os._exit(0)",
    "posix._exit": "import posix; posix._exit(0)",
    "os.execv": "import os; os.execv('/bin/true', ['true'])",
    "os.execve": "import os; os.execve('/bin/true', ['true'], {})",
    "os.execlp": "import os; os.execlp('true', 'true')",
    "os.execvpe": "import os; os.execvpe('true', ['true'], {})",
    "posix.execv": "import posix; posix.execv('/bin/true', ['true'])",
}
IN_THREADS = {
    "os._exit": _IN_A_THREAD.format("lambda: os._exit(0)", _SLEEP),
    "os.execlp": _IN_A_THREAD.format("lambda: os.execlp('true', 'true')", _SLEEP),
    "a pool": "import os\nfrom concurrent.futures import ThreadPoolExecutor\n"
    f"ThreadPoolExecutor().submit(os._exit, 0)\nop.execute({_SLEEP!r})",
    "a timer": "import os, threading\nthreading.Timer(0.3, os._exit, (0,)).start()\n"
    f"op.execute({_SLEEP!r})",
}


@pytest.mark.parametrize("where", ["revision", "env.py"])
@pytest.mark.parametrize("door", DOORS)
def test_a_hard_exit_is_not_a_success(stage: Stage, door: str, where: str) -> None:
    if where == "revision":
        stage.project.add("0004", "0003", DOORS[door])
    else:
        stage.project.edit_env("target_metadata = None", DOORS[door])
    ended = stage.run()
    outcome = "revision_failed" if where == "revision" else "broken_history"
    assert (ended.exit_code != 0, ended.verdict["outcome"]) == (True, outcome)
    assert "SystemExit: os." in ended.verdict["error"]["message"]


@pytest.mark.parametrize("door", IN_THREADS)
def test_nor_is_one_in_another_thread(stage: Stage, door: str) -> None:
    stage.project.add("0004", "0003", IN_THREADS[door])
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert "without a verdict" in ended.verdict["error"]["message"]
    assert stage.rows() == ["0003"]


@pytest.mark.parametrize(
    "leave", ["os._exit(3)", "os.execv('/bin/true', ['true'])"], ids=["_exit", "execv"]
)
def test_a_child_leaves_as_it_says(stage: Stage, leave: str) -> None:
    body = f"import os\npid = os.fork()\nif not pid: {leave}\nprint(os.waitpid(pid, 0)[1])"
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert ended.exit_code == 0, ended.verdict
    printed = [each["text"] for each in ended.events if each["event"] == "output_printed"]
    assert printed == [str(3 << 8) if "_exit" in leave else "0"]


@pytest.mark.parametrize(
    "body",
    [
        "import sys; sys.stdout.buffer.write(b'bytes\\n'); sys.stderr.isatty()",
        "import logging; logging.getLogger('app').warning('%d', 'no number')",
    ],
    ids=["bytes on stdout", "a log record that does not fit"],
)
def test_output_of_any_kind_does_not_fail_a_revision(stage: Stage, body: str) -> None:
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"


def test_env_may_ask_for_the_target(stage: Stage) -> None:
    line = "target_metadata = None\nassert context.get_revision_argument() == '0003'"
    stage.project.edit_env("target_metadata = None", line)
    assert stage.run("plan", "--sql", HEADSTART_TARGET="0003").exit_code == 0
    assert stage.run(HEADSTART_TARGET="0003").verdict["outcome"] == "upgraded"


def test_an_env_that_tries_again_after_a_failure_may_succeed(stage: Stage) -> None:
    top = "import builtins"
    body = "builtins.tries = getattr(builtins, 'tries', 0) + 1\nassert builtins.tries > 1"
    stage.project.add("0004", "0003", body, top=top)
    stage.project.edit_env(
        "else:\n    run_migrations_online()",
        "else:\n    try:\n        run_migrations_online()\n"
        "    except AssertionError:\n        run_migrations_online()",
    )
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.verdict
    assert [step["revision"] for step in ended.verdict["applied"]] == [*REVISIONS, "0004"]
    assert stage.rows() == ["0004"]
