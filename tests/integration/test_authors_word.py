"""What the author of a newer revision said of older code, and what was derived of it."""

import json

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.recorded import NOT_WRITTEN, record_of

# what is decided here, the server's version has no part in
pytestmark = ON_ONE_SERVER

REFERS = 'op.execute("CREATE TABLE notes (account_id int REFERENCES accounts)")'
NOTE = 'op.add_column("accounts", sa.Column("note", sa.Text))'


def newer(stage: KnownStage, body: str, top: str = "") -> None:
    """A newer image applies a revision; then the older one is back."""
    assert stage.run().exit_code == 0
    before = stage.file.read_text()
    script = stage.project.add("0004", "0003", body, top=top)
    rebuild(stage)
    done = stage.run(HEADSTART_IMAGE_REVISION="v2")
    assert done.exit_code == 0, done.verdict
    script.unlink()
    stage.file.write_text(before)


def test_a_derived_mark_is_in_the_record(known: KnownStage) -> None:
    newer(known, NOTE)
    record = record_of(known.database)
    assert [each[2] for each in record["chain"]] == ["+", "?", "?", "+"]  # 0002 and 0003 refer
    assert known.run("check").verdict["outcome"] == "ahead_compatible"


def test_a_doubt_is_allowed_by_the_authors_yes(known: KnownStage) -> None:
    newer(known, REFERS, top="headstart_compatible = True")
    done = known.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (0, "ahead_compatible"), done.verdict
    assert "DELETE on accounts may be refused" in done.verdict["allowed"][0]


def test_without_it_the_doubt_stands(known: KnownStage) -> None:
    newer(known, REFERS)
    assert known.run("check").verdict["outcome"] == "ahead_unproven"


def test_the_authors_no_counts_though_the_schema_is_harmless(known: KnownStage) -> None:
    newer(known, NOTE, top="headstart_compatible = False")
    for verb in ("check", "run"):
        done = known.run(verb)
        assert (done.exit_code, done.verdict["outcome"]) == (23, "ahead_incompatible")
        assert "revision 0004 says" in done.verdict["error"]["message"]
        assert "the image v2" in done.verdict["next_step"]
        assert done.verdict["state"] == "ahead"


@pytest.mark.parametrize("since", ["0002", "0003"])
def test_a_yes_holds_from_a_head_on(known: KnownStage, since: str) -> None:
    newer(known, REFERS, top=f'headstart_compatible_since = "{since}"')
    assert known.run("check").verdict["outcome"] == "ahead_compatible"


REWRITING = {
    "an update": "UPDATE accounts SET name = trim(name)",
    "another type by an expression": "ALTER TABLE accounts ALTER name TYPE text USING upper(name)",
    "a column that is made again": "ALTER TABLE accounts DROP name;"
    " ALTER TABLE accounts ADD name text NOT NULL DEFAULT 'x';"
    " ALTER TABLE accounts ALTER name DROP DEFAULT",
    "a table by way of another schema": "CREATE SCHEMA old; ALTER TABLE accounts SET SCHEMA old;"
    " ALTER TABLE old.accounts SET SCHEMA public; DROP SCHEMA old",
}


@pytest.mark.parametrize("sql", REWRITING.values(), ids=REWRITING)
def test_rows_that_may_be_others_are_named(known: KnownStage, sql: str) -> None:
    newer(known, f'op.execute("{sql}")')
    done = known.run("check")
    assert (done.exit_code, done.verdict["unproven_data"]) == (0, ["0004"])


def test_a_branch_without_our_head_is_no_newer_database(known: KnownStage) -> None:
    """Its schema has all that ours has: the record knows that our 0003 never ran there."""
    newer(known, NOTE)
    known.database.execute(
        "DO $$ BEGIN EXECUTE format('COMMENT ON TABLE alembic_version IS %L', replace("
        "obj_description('alembic_version'::regclass), '[\"0003\"], ', '[\"0002\"], ')); END $$"
    )
    done = known.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")
    assert "0003 of this image is not applied" in done.verdict["error"]["message"]


def test_the_authors_no_outlives_a_downgrade_by_the_alembic_command(known: KnownStage) -> None:
    """The record is history then; the version row itself names the revision that says no."""
    assert known.run().exit_code == 0
    before = known.file.read_text()
    scripts = [
        known.project.add("0004", "0003", NOTE, top="headstart_compatible = False"),
        known.project.add("0005", "0004", top="def downgrade():\n    pass"),
    ]
    rebuild(known)
    assert known.run().exit_code == 0
    assert known.alembic("downgrade", "0004").exit_code == 0
    for script in scripts:
        script.unlink()
    known.file.write_text(before)
    done = known.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "ahead_incompatible"), done.verdict
    assert "revision 0004 says" in done.verdict["error"]["message"]


@pytest.mark.parametrize("hindered", ["off", "a comment"])
def test_a_no_that_is_not_recorded_is_said_to_be_lost(known: KnownStage, hindered: str) -> None:
    assert known.run(HEADSTART_RECORD="off").exit_code == 0
    known.project.add("0004", "0003", NOTE, top="headstart_compatible = False")
    rebuild(known)
    if hindered == "a comment":
        known.database.execute("COMMENT ON TABLE alembic_version IS 'ours'")
    done = known.run(HEADSTART_RECORD="off" if hindered == "off" else "comment")
    assert done.exit_code == 0
    (said,) = (event for event in done.events if event["event"] == NOT_WRITTEN)
    assert said["lost"] == "no older image will know that it must not run after 0004"


def test_a_doubt_that_a_hand_has_made_is_nobodys_yes(known: KnownStage) -> None:
    """Each newer revision is harmless as derived: so what is doubtful comes from none of them."""
    newer(known, NOTE)
    known.database.execute("ALTER TABLE accounts ALTER name DROP NOT NULL")
    done = known.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "ahead_unproven"), done.verdict
    assert "allowed" not in done.verdict


def test_who_raises_a_doubt_and_touches_no_row_has_no_unproven_data(known: KnownStage) -> None:
    newer(known, REFERS)
    assert "unproven_data" not in known.run("check").verdict


UNCLEAR = ("headstart_compatible = 'yes'", "headstart_compatible = bool(1)")
FLOORS = ("headstart_compatible_since = '0009'", "headstart_compatible_since = '0004'")
PHASES = ("headstart_phase = 'Contract'", "if True:\n    headstart_phase = 'contract'")


@pytest.mark.parametrize("line", [*UNCLEAR, *FLOORS, *PHASES, "headstart_compatible_since = 3"])
def test_an_unclear_word_is_refused_before_it_runs(known: KnownStage, line: str) -> None:
    """By each verb, in the words of check --image, whatever is held back."""
    assert known.run().exit_code == 0
    known.project.add("0004", "0003", NOTE, top=line)
    told = json.loads(known.run("check", "--image", "--output", "json").stdout)
    words = [each["message"] for each in told["problems"] if "0004.py" in each["message"]]
    for verb in ("check", "wait", "plan", "run"):
        done = known.run(verb, HEADSTART_HOLD="contract", HEADSTART_WAIT_SECONDS="1")
        assert (done.exit_code, done.verdict["outcome"]) == (24, "broken_history")
        assert [done.verdict["error"]["message"]] == words
    assert known.rows() == ["0003"]


def test_what_only_the_module_says_is_refused_before_it_runs(known: KnownStage) -> None:
    assert known.run().exit_code == 0
    hidden = "globals()['headstart_phase'] = 'contract'"
    known.project.add("0004", "0003", NOTE, top=hidden)
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (24, "broken_history")
    assert "0004.py says another headstart_phase" in done.verdict["error"]["message"]
    assert known.rows() == ["0003"]


def test_a_misspelt_word_is_named_by_a_run_and_refused_in_ci(known: KnownStage) -> None:
    known.project.add("0004", "0003", NOTE, top="headstart_compatable = False")
    rebuild(known)
    done = known.run()
    assert done.exit_code == 0
    assert "headstart_compatable says nothing" in done.verdict["misspelt"][0]
    assert [each["level"] for each in done.events if each["event"] == "marks_misspelt"] == [
        "warning"
    ]
    checked = known.run("check", "--image")
    assert checked.exit_code == 24
    assert "headstart_compatible would" in checked.verdict["error"]["message"]
