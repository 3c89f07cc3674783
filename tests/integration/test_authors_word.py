"""What the author of a newer revision said of older code, and what was derived of it."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.recorded import record_of

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


@pytest.mark.parametrize(("since", "outcome"), [("0002", "compatible"), ("0004", "unproven")])
def test_a_yes_holds_from_a_head_on(known: KnownStage, since: str, outcome: str) -> None:
    newer(known, REFERS, top=f'headstart_compatible_since = "{since}"')
    assert known.run("check").verdict["outcome"] == f"ahead_{outcome}"


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


UNCLEAR = ("headstart_compatible = 'yes'", "headstart_compatible = bool(1)")


@pytest.mark.parametrize("line", [*UNCLEAR, "headstart_compatible_since = 3"])
def test_an_unclear_word_is_refused_before_it_runs(known: KnownStage, line: str) -> None:
    assert known.run().exit_code == 0
    known.project.add("0004", "0003", NOTE, top=line)
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (24, "broken_history")
    assert "0004.py: the headstart_compatible" in done.verdict["error"]["message"]
    assert known.run("check", "--image").exit_code == 24
    assert known.rows() == ["0003"]
