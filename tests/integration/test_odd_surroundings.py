"""Odd surroundings: output that nobody takes, signals, locales, ini files, names in the way."""

import signal
import sys
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import HEADSTART, run_headstart, run_program
from tests.harness.project import REVISIONS
from tests.harness.result import Result
from tests.harness.server import refusing_port
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


def test_a_script_that_takes_sigterm_for_itself_does_not_make_it_a_success(stage: Stage) -> None:
    top = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"
    stage.project.add("0004", "0003", top=top)
    with stage.start(
        DATABASE_URL=f"postgresql://nobody@127.0.0.1:{refusing_port()}/nothing",
        HEADSTART_HEARTBEAT_SECONDS="1",
    ) as run:
        run.await_event("connection_failed")
        run.process.send_signal(signal.SIGTERM)
        assert run.end().outcome == "sigterm"


def test_the_version_table_is_found_where_alembic_finds_it(stage: Stage) -> None:
    """A schema that comes first in the search_path does not make the database look empty."""
    assert stage.run(HEADSTART_TARGET="0002").exit_code == 0
    user = stage.database.query("SELECT quote_ident(current_user)")[0][0]
    stage.database.execute(f"CREATE SCHEMA {user}")
    assert stage.run("check").verdict["outcome"] == "not_ready"
    ended = stage.run()
    assert (ended.verdict["state"], ended.verdict["outcome"]) == ("behind", "upgraded")
    assert ended.verdict["from"] == ["0002"]
    assert stage.rows() == ["0003"]


def test_an_alarm_of_a_scripts_own_is_not_our_deadline(stage: Stage) -> None:
    body = "import signal, time; signal.alarm(1); time.sleep(1.5)"
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"


def test_a_revision_that_closes_stderr_does_not_silence_the_verdict(stage: Stage) -> None:
    stage.project.add("0004", "0003", "os.close(2)", top="import os")
    assert stage.run().verdict["outcome"] == "upgraded"


@pytest.mark.parametrize(("verb", "code"), [("run", 0), ("check", 14), ("plan", 0)])
def test_a_folder_that_was_deleted_is_not_needed(stage: Stage, verb: str, code: int) -> None:
    """All paths are absolute: the project is elsewhere."""
    ini = str(stage.project.path / "alembic.ini")
    done = run_in_deleted(stage, verb, HEADSTART_ALEMBIC_INI=ini)
    assert done.exit_code == code, done.verdict


def test_what_is_relative_to_a_folder_that_was_deleted_is_named(stage: Stage) -> None:
    done = run_in_deleted(stage, "run")
    assert (done.exit_code, done.outcome) == (2, "invalid_settings")
    assert "working directory" in done.verdict["error"]["message"]
    assert "HEADSTART_ALEMBIC_INI='alembic.ini'" in done.verdict["error"]["message"]
    assert "absolute" in done.verdict["next_step"]


def run_in_deleted(stage: Stage, verb: str, **environ: str) -> Result:
    folder = stage.project.path.parent / "gone"
    folder.mkdir()
    code = f"import os, sys; os.rmdir({str(folder)!r}); os.execv(sys.argv[1], sys.argv[1:])"
    return run_program(
        *(sys.executable, "-c", code, *HEADSTART, verb),
        env={"DATABASE_URL": stage.database.url, **environ},
        cwd=folder,
    )


def test_a_revision_that_changes_the_folder_is_followed(stage: Stage) -> None:
    """alembic.ini is named relative to the folder in which the run was started."""
    stage.project.add("0004", "0003", top="import os; os.chdir('/')")
    done = run_headstart(env={"DATABASE_URL": stage.database.url}, cwd=stage.project.path)
    assert done.exit_code == 0
    assert stage.rows() == ["0004"]


@pytest.mark.parametrize(("verb", "code"), [("check", 0), ("plan", 2)])
def test_an_answer_that_nobody_can_take_does_not_end_in_a_traceback(
    stage: Stage, verb: str, code: int
) -> None:
    """The exit code of a check is its answer; a plan that was not printed is none."""
    assert stage.run().exit_code == 0
    done = stage.run_shell(f"{sys.executable} -m headstart {verb} >/dev/full")
    assert done.exit_code == code
    assert "Traceback" not in done.stderr
    assert "run_finished" in done.stderr


def test_a_plan_that_stdout_does_not_take_names_the_cure(stage: Stage) -> None:
    done = stage.run_shell(f"{sys.executable} -m headstart plan >/dev/full")
    assert done.verdict["next_step"].startswith("let stdout lead to a file or a reader")


@pytest.mark.parametrize("options", ["", "--sql", "--output json"])
def test_a_plan_without_a_stdout_ends_as_one_that_nobody_reads(stage: Stage, options: str) -> None:
    done = stage.run_shell(f"{sys.executable} -m headstart plan {options} >&-")
    assert (done.exit_code, done.outcome) == (0, "planned"), done.verdict


@pytest.mark.parametrize("name", [" a ", "a ", "\\ta"])
def test_an_id_that_no_version_row_would_tell_is_refused(stage: Stage, name: str) -> None:
    stage.project.add("0004", "0003", top=f"revision = '{name}'")
    for verb in ("run", "check", "plan"):
        done = stage.run(verb)
        assert (done.exit_code, done.outcome) == (24, "broken_history"), done.verdict
        assert "begins or ends with a space" in done.verdict["error"]["message"]
    assert stage.tables() == set()


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_run_that_nobody_listens_to_does_its_work(stage: Stage, redirection: str) -> None:
    done = stage.run_shell(f"{sys.executable} -m headstart run {redirection}")
    assert done.exit_code == 0
    assert stage.rows() == ["0003"]


def test_the_log_is_json_whatever_the_locale(stage: Stage) -> None:
    stage.project.add("0004", "0003", "raise ValueError('größer')")
    ended = stage.run(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "größer" in ended.verdict["error"]["message"]


def test_a_late_signal_does_not_change_the_exit_code(stage: Stage) -> None:
    """The verdict has been said: whoever reads the exit code must read the same."""
    top = "import atexit, os, signal"
    body = "atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))"
    stage.project.add("0004", "0003", body, top=top)
    ended = stage.run()
    assert ended.exit_code == ended.verdict["exit_code"] == 0


@pytest.mark.parametrize(
    "text", ["no section\n", "[alembic]\nx = 1\n[alembic]\n", "\0", "[other]\na = 1\n"]
)
def test_an_ini_file_that_is_none_is_a_mistake_in_the_settings(stage: Stage, text: str) -> None:
    Path(stage.project.ini).write_text(text, encoding="utf-8")
    ended = stage.run(HEADSTART_LOG_LEVEL="debug")
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "invalid_settings")


def test_a_version_table_of_something_else_is_not_taken_for_alembics(stage: Stage) -> None:
    stage.database.execute("CREATE TABLE alembic_version (id int)")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (23, "unknown_revision")
    assert stage.run("check").exit_code == 23


@pytest.mark.parametrize(
    "name", ["PGPORT", "PGSSLMODE", "PGSERVICE", "PGCONNECT_TIMEOUT", "PGTARGETSESSIONATTRS"]
)
def test_a_mistake_in_libpqs_own_variables_is_a_mistake_in_the_settings(
    stage: Stage, name: str
) -> None:
    url = stage.database.url.replace(f":{stage.database.port}/", "/") if name == "PGPORT" else None
    ended = stage.run(**{name: "bogus"}, **({"DATABASE_URL": url} if url else {}))
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "invalid_settings")


def test_the_sql_of_a_plan_has_a_transaction_for_each_revision(stage: Stage) -> None:
    sql = stage.run("plan", "--sql").stdout
    assert sql.count("BEGIN;") == sql.count("COMMIT;") == len(REVISIONS)


def test_a_deadline_in_a_call_that_never_returns_does_not_blame_the_server(stage: Stage) -> None:
    stage.project.add("0004", "0003", "os.system('exec sleep 30')", top="import os")
    ended = stage.run(HEADSTART_DEADLINE_SECONDS="2")
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert "went on, and could not be interrupted" in ended.verdict["error"]["message"]
