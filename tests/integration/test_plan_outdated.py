"""run --plan: what has changed since somebody read the plan is refused, and nothing is changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.desk import Desk
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


def planned(stage: Stage, **environ: str) -> str:
    """Make a plan, and give the path of its file."""
    file = stage.project.path / "plan.json"
    ended = stage.run("plan", "--output", "json", **environ)
    assert ended.exit_code == 0, ended.stderr
    file.write_text(ended.stdout)
    return str(file)


def behind(stage: Stage) -> None:
    """Bring the database to the first of three revisions."""
    assert stage.run(HEADSTART_TARGET="0001").outcome == "upgraded"


def test_a_plan_that_still_holds_is_carried_out_and_may_be_run_again(known: KnownStage) -> None:
    """A Job may start a pod once more: there is nothing left to refuse."""
    behind(known)
    plan = planned(known)
    done = known.run("run", "--plan", plan)
    assert (done.outcome, known.rows()) == ("upgraded", ["0003"])
    again = known.run("run", HEADSTART_PLAN=plan)
    assert (again.exit_code, again.outcome) == (0, "nothing_to_do")
    assert "gate" not in again.verdict
    assert known.run().verdict["gate"] is True


def test_the_variable_is_the_option(stage: Stage) -> None:
    plan = planned(stage)
    assert stage.run(HEADSTART_PLAN=plan).outcome == "upgraded"


def test_a_run_without_a_plan_asks_for_none(known: KnownStage) -> None:
    known.run()
    known.database.execute("CREATE TABLE strange (id int)")
    assert known.run().exit_code == 0


CHANGES: dict[str, tuple[Callable[[Stage], object], str]] = {
    "a row is gone": (
        lambda stage: stage.database.execute("DELETE FROM alembic_version"),
        "the version rows were 0001, now none",
    ),
    "another release ran": (
        lambda stage: stage.run(HEADSTART_TARGET="0002"),
        "the version rows were 0001, now 0002",
    ),
    "a newer release ran": (
        lambda stage: stage.database.execute("UPDATE alembic_version SET version_num = '0009'"),
        "the version rows were 0001, now 0009",
    ),
    "a new row": (
        lambda stage: stage.database.execute("INSERT INTO alembic_version VALUES ('0002')"),
        "the version rows were 0001, now 0001, 0002",
    ),
    "a column by hand": (
        lambda stage: stage.database.execute("ALTER TABLE accounts ADD note text"),
        "the schema has changed",
    ),
    "a type by hand": (
        lambda stage: stage.database.execute("ALTER TABLE accounts ALTER name TYPE varchar(9)"),
        "the schema has changed",
    ),
    "a new revision": (
        lambda stage: stage.project.add("0004", "0003"),
        "the pending revisions were 0002, 0003, now 0002, 0003, 0004",
    ),
}


def edit(stage: Stage, revision: str) -> None:
    """Append a comment to a script: its digest differs."""
    file = next(stage.project.versions.glob(f"{revision}*.py"))
    file.write_text(file.read_text() + "\n# edited\n")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("with_file", [True, False], ids=["fingerprints", "none"])
def test_what_has_changed_is_refused_and_named(
    known: KnownStage, change: str, *, with_file: bool
) -> None:
    if not with_file:
        known.file.unlink()
    behind(known)
    plan = planned(known)
    make, said = CHANGES[change]
    make(known)
    before, rows = known.catalog(), known.rows()
    ended = known.run("run", "--plan", plan)
    assert (ended.exit_code, ended.outcome) == (23, "plan_outdated")
    assert said in ended.verdict["error"]["message"]
    assert (ended.verdict["applied"], ended.verdict["proof"]) == ([], "none")
    assert ended.verdict["from"] == rows
    assert (known.catalog(), known.rows()) == (before, rows)


@pytest.mark.parametrize("revision", ["0002", "0003"])
def test_an_edited_script_is_refused_and_named(stage: Stage, revision: str) -> None:
    behind(stage)
    plan = planned(stage)
    edit(stage, revision)
    ended = stage.run("run", "--plan", plan)
    assert (ended.exit_code, ended.outcome) == (23, "plan_outdated")
    assert ended.verdict["error"]["message"].endswith(f"edited since: {revision}")


def test_a_script_that_has_run_may_be_edited(stage: Stage) -> None:
    behind(stage)
    plan = planned(stage)
    edit(stage, "0001")
    assert stage.run("run", "--plan", plan).outcome == "upgraded"


def test_another_target_is_refused(stage: Stage) -> None:
    plan = planned(stage)
    ended = stage.run("run", "--plan", plan, HEADSTART_TARGET="0002")
    assert ended.outcome == "plan_outdated"
    assert "the target was 0003, now 0002" in ended.verdict["error"]["message"]
    assert stage.tables() == set()


def test_what_an_administrator_may_add_is_no_change_with_fingerprints(known: KnownStage) -> None:
    behind(known)
    plan = planned(known)
    known.database.execute(
        "CREATE INDEX by_hand ON accounts (name); CREATE TABLE others (id int);"
        " GRANT SELECT ON accounts TO PUBLIC; INSERT INTO accounts (name) VALUES ('ann')"
    )
    assert known.run("run", "--plan", plan).outcome == "upgraded"


def test_without_fingerprints_any_object_is_a_change(stage: Stage) -> None:
    behind(stage)
    plan = planned(stage)
    stage.database.execute("CREATE TABLE others (id int)")
    assert stage.run("run", "--plan", plan).outcome == "plan_outdated"


def test_rows_and_the_record_are_no_change(stage: Stage) -> None:
    behind(stage)
    plan = planned(stage)
    stage.database.execute(
        "INSERT INTO accounts (name) VALUES ('ann'); COMMENT ON TABLE alembic_version IS 'x'"
    )
    assert stage.run("run", "--plan", plan).outcome == "upgraded"


def test_a_baseline_is_part_of_the_plan(stage: Stage) -> None:
    stage.make_by_hand("0002")
    plan = planned(stage, HEADSTART_BASELINE="0001")
    other = stage.run("run", "--plan", plan, HEADSTART_BASELINE="0002")
    assert other.outcome == "plan_outdated"
    assert "what would be stamped was 0001, now 0002" in other.verdict["error"]["message"]
    assert stage.rows() is None
    fits = planned(stage, HEADSTART_BASELINE="0002")
    assert stage.run("run", "--plan", fits, HEADSTART_BASELINE="0002").outcome == "baselined"


def test_a_part_of_a_plan_is_not_the_plan(stage: Stage) -> None:
    """What failed half-way is another plan by now: somebody reads what is left."""
    plan = planned(stage)
    stage.run(HEADSTART_TARGET="0001")
    assert stage.run("run", "--plan", plan).outcome == "plan_outdated"


def test_a_plan_to_do_nothing_holds_as_long_as_nothing_changes(known: KnownStage) -> None:
    known.run()
    plan = planned(known)
    assert known.run("run", "--plan", plan).outcome == "nothing_to_do"
    known.database.execute("ALTER TABLE accounts ADD note text")
    assert known.run("run", "--plan", plan).outcome == "plan_outdated"


def test_the_lint_of_a_plan_changes_nothing_of_it(stage: Stage) -> None:
    file = stage.project.path / "plan.json"
    file.write_text(stage.run("plan", "--lint", "--output", "json").stdout)
    assert stage.run("run", "--plan", str(file)).outcome == "upgraded"


def spoilt(file: Path, **changes: Any) -> None:
    """Change fields of a plan."""
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (Path.unlink, "No such file"),
    "cut": (lambda file: file.write_text(file.read_text()[:40]), "not JSON"),
    "empty": (lambda file: file.write_text(""), "not JSON"),
    "bytes": (lambda file: file.write_bytes(b"\xff\xfe{}"), "not text in UTF-8"),
    "another program's": (lambda file: file.write_text('{"a": 1}'), "not what headstart plan"),
    "a newer format": (lambda file: spoilt(file, plan_format=2), "plan_format is not 1"),
    "without scripts": (lambda file: spoilt(file, scripts={}), "field scripts"),
    "without a digest": (lambda file: spoilt(file, schema_digest=None), "no digest"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_no_plan_is_a_mistake_in_the_settings(stage: Stage, kind: str) -> None:
    plan = planned(stage)
    spoil, why = FOREIGN[kind]
    spoil(Path(plan))
    ended = stage.run("run", "--plan", plan)
    assert (ended.exit_code, ended.outcome) == (2, "invalid_settings")
    message = ended.verdict["error"]["message"]
    assert message.startswith(f"HEADSTART_PLAN {plan}: ")
    assert why in message
    assert "headstart plan --output json" in ended.verdict["next_step"]
    assert stage.tables() == set()


def test_a_role_that_may_not_read_the_schema_makes_a_plan_that_no_run_takes(stage: Stage) -> None:
    behind(stage)
    stage.database.execute("CREATE SCHEMA hidden; CREATE TABLE hidden.things (id int)")
    with stage.login() as role:
        stage.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        plan = planned(stage, DATABASE_URL=stage.url_of(role))
    fields = json.loads(Path(plan).read_text())
    assert (fields["from"], fields["schema_digest"]) == (["0001"], None)
    assert stage.run("run", "--plan", plan).exit_code == 2


def test_a_plan_that_is_made_during_a_run_says_nothing_of_the_schema(stage: Stage) -> None:
    desk = Desk(stage)
    with desk.running():
        fields = json.loads(stage.run("plan", "--output", "json").stdout)
    assert (fields["run_in_progress"], fields["schema_digest"]) == (True, None)


def test_a_plan_that_holds_revisions_back_may_be_run_again(known: KnownStage) -> None:
    top = 'headstart_phase = "contract"'
    known.project.add("0004", "0003", 'op.execute("CREATE TABLE old_names (id int)")')
    known.project.add("0005", "0004", 'op.drop_table("old_names")', top=top)
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").outcome == "upgraded"
    plan = planned(known, HEADSTART_HOLD="contract")
    for outcome in ("held", "held"):
        assert known.run("run", "--plan", plan, HEADSTART_HOLD="contract").outcome == outcome
    assert known.run("run", "--plan", plan).outcome == "plan_outdated"
    assert known.rows() == ["0004"]
