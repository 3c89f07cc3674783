"""check, wait and plan: the answer, its form and its code; they only ask."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, copy_plain
from tests.harness.server import empty_database, refusing_port
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


def test_check_answers_in_words_and_as_json(stage: Stage) -> None:
    empty = stage.run("check")
    assert empty.exit_code == 14
    assert empty.stdout == (
        "not_ready: pending: 0001, 0002, 0003\nnext: run `headstart run` against this database\n"
    )
    stage.run()
    ready, as_json = stage.run("check"), stage.run("check", "--output", "json")
    assert (ready.exit_code, ready.stdout) == (0, "ready: nothing_to_do\n")
    answer = json.loads(as_json.stdout)
    assert (answer["outcome"], answer["state"]) == ("nothing_to_do", "at_head")
    assert answer.items() <= as_json.verdict.items()


def test_check_says_what_a_run_would_refuse_with(stage: Stage) -> None:
    stage.database.execute("CREATE TABLE accounts (id int)")
    assert stage.run("check").exit_code == 22
    assert stage.run("check", HEADSTART_BASELINE="head").exit_code == 14
    stage.make_version_table("9999")
    assert stage.run("check").exit_code == 23
    assert stage.run("check", HEADSTART_AHEAD="allow").exit_code == 0


def test_check_runs_no_env_and_takes_no_lock(stage: Stage) -> None:
    """It may run with the app's own role, which may do nothing but read the version table."""
    stage.run()
    stage.project.edit_env("config = context.config", "raise RuntimeError('env.py was run')")
    with stage.login() as role:
        stage.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        assert stage.run("check", DATABASE_URL=stage.url_of(role)).exit_code == 0


def test_whoever_asks_need_not_be_able_to_do_it(stage: Stage) -> None:
    """The privilege to create tables is for the run; check and plan answer without."""
    with stage.login() as role:
        assert stage.run("check", DATABASE_URL=stage.url_of(role)).exit_code == 14
        assert stage.run("plan", DATABASE_URL=stage.url_of(role)).exit_code == 0


def test_check_names_the_version_table_that_it_is_told(stage: Stage) -> None:
    stage.database.execute(
        "CREATE SCHEMA ops; CREATE TABLE ops.applied (version_num text);"
        "INSERT INTO ops.applied VALUES ('0003')"
    )
    assert stage.run("check").exit_code == 14
    assert stage.run("check", HEADSTART_VERSION_TABLE="ops.applied").exit_code == 0


def test_wait_ends_at_its_deadline_with_the_last_answer(stage: Stage) -> None:
    ended = stage.run("wait", HEADSTART_WAIT_SECONDS="1.5")
    assert (ended.exit_code, ended.verdict["outcome"]) == (14, "not_ready")
    assert ended.verdict["wait_attempts"] > 1
    assert ended.verdict["wait_seconds"] >= 1.5


@pytest.mark.parametrize("code", [2, 20, 24])
def test_wait_ends_at_once_where_waiting_cures_nothing(stage: Stage, code: int) -> None:
    wrong = stage.database.server.url(dbname=stage.database.name, password="wrong")
    spoil = {2: {"HEADSTART_TARGET": "nowhere"}, 20: {"DATABASE_URL": wrong}, 24: {}}
    if code == 24:
        stage.project.add("0003b", "0002")
    ended = stage.run("wait", HEADSTART_WAIT_SECONDS="30", **spoil[code])
    assert ended.exit_code == code
    assert ended.verdict["wait_attempts"] <= 1


@pytest.mark.parametrize("verb", ["check", "wait"])
def test_who_gets_no_connection_is_told_after_how_many_attempts(stage: Stage, verb: str) -> None:
    url = f"postgresql://app@127.0.0.1:{refusing_port()}/app"
    ended = stage.run(verb, DATABASE_URL=url, HEADSTART_WAIT_SECONDS="1.5")
    attempts = ended.verdict["wait_attempts"]
    assert f"no connection after {attempts} attempt" in ended.verdict["error"]["message"]
    assert (ended.exit_code, attempts > 1) == (10, verb == "wait")


def test_wait_goes_on_through_states_that_an_operator_may_change(stage: Stage) -> None:
    """A refusal (22) while waiting is not the end: the tables may be stamped meanwhile."""
    stage.database.execute("CREATE TABLE accounts (id int)")
    with stage.start("wait", HEADSTART_WAIT_SECONDS="20") as waiting:
        waiting.await_event("database_not_ready")
        stage.make_version_table("0003")
        assert waiting.end().outcome == "nothing_to_do"


def test_plan_shows_what_a_run_would_do(stage: Stage) -> None:
    stage.database.execute("CREATE TABLE accounts (id int)")
    shown = stage.run("plan", HEADSTART_BASELINE="0001")
    assert (shown.exit_code, shown.verdict["outcome"]) == (0, "planned")
    assert re.findall(r"^(\w+): +(.*)$", shown.stdout, re.MULTILINE) == [
        ("state", "unversioned"),
        ("plan", "baseline"),
        ("from", "no version row"),
        ("target", "0003"),
        ("stamp", "0001"),
        ("run", "0002  create orders"),
        ("run", "0003  create invoices"),
        ("proof", "operator"),
    ]
    as_json = json.loads(stage.run("plan", "--output", "json", HEADSTART_BASELINE="0001").stdout)
    assert (as_json["baseline"], as_json["pending"]) == (["0001"], ["0002", "0003"])
    assert as_json["run_in_progress"] is False


def test_plan_refuses_as_a_run_would_and_prints_nothing(stage: Stage) -> None:
    stage.make_version_table("9999")
    ended = stage.run("plan")
    assert (ended.exit_code, ended.stdout) == (23, "")


@pytest.mark.parametrize("begin", ["empty", "behind", "by hand"])
def test_the_sql_of_a_plan_builds_what_a_run_builds(
    stage: Stage, begin: str, tmp_path: Path
) -> None:
    environ = {"HEADSTART_BASELINE": "0002"}
    with empty_database(stage.database.server) as twin:
        other = Stage(copy_plain(tmp_path / "twin"), twin)
        for each in (stage, other):
            if begin == "behind":
                each.run(HEADSTART_TARGET="0001")
            elif begin == "by hand":
                each.make_by_hand("0002")
        assert stage.run(**environ).exit_code == 0
        shown = other.run("plan", "--sql", **environ)
        twin.client("psql", "-q", "-v", "ON_ERROR_STOP=1", stdin=shown.stdout)
        assert other.rows() == stage.rows() == [REVISIONS[-1]]
        assert twin.dump(privileges=True) == stage.database.dump(privileges=True)
