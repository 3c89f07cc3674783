"""fingerprint check and record: a file is what the revisions build, or what a database is."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.harness.server import empty_database
from tests.integration.fingerprinting import Fingerprinter, edit, replayed, with_models
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


def test_check_says_that_the_file_is_fine(fingerprint: Fingerprinter) -> None:
    fingerprint.build()
    before = fingerprint.text
    with empty_database(fingerprint.scratch.server) as other:
        elsewhere = Fingerprinter(fingerprint.project, other)
        done = elsewhere("check")
    assert done.exit_code == 0, done.stderr
    assert replayed(done) == REVISIONS
    assert done.stdout == f"{fingerprint.file} is what the 3 revisions build\n"
    assert fingerprint.text == before


def test_check_without_a_file_is_stale(fingerprint: Fingerprinter) -> None:
    done = fingerprint("check")
    assert (done.exit_code, done.verdict["outcome"]) == (24, "stale_fingerprints")
    assert replayed(done) == []


def test_check_names_what_is_missing_and_what_was_edited(fingerprint: Fingerprinter) -> None:
    fingerprint.build()
    fingerprint.project.add("0004", "0003")
    missing = fingerprint("check")
    edit(fingerprint.project, '"""create orders"""', '"""create the orders"""')
    edited = fingerprint("check")
    assert (missing.exit_code, edited.exit_code) == (24, 24)
    assert "it has no state for 0004" in missing.verdict["error"]["message"]
    assert "it was built from other scripts of 0002" in edited.verdict["error"]["message"]
    assert replayed(missing) == replayed(edited) == []


def test_check_shows_where_the_models_are_not_what_head_builds(fingerprint: Fingerprinter) -> None:
    with_models(fingerprint.project)
    fingerprint.build()
    differs = fingerprint("check")
    assert differs.exit_code == 24
    assert "the models are not what 0003 builds" in differs.verdict["error"]["message"]
    assert "of_order" in differs.stderr
    fingerprint.build("--create-all")
    assert fingerprint("check").exit_code == 0


def test_check_shows_a_schema_that_is_not_on_file(fingerprint: Fingerprinter) -> None:
    flavored = "op.execute(f\"ALTER TABLE orders ADD {os.environ['FLAVOR']} text\")"
    fingerprint.project.add("0004", "0003", flavored, top="import os")
    fingerprint.build(FLAVOR="sweet")
    done = fingerprint("check", FLAVOR="sour")
    assert done.exit_code == 24
    assert "0004: its script is as it was" in done.verdict["error"]["message"]
    assert "orders.sweet" in done.stderr


def test_record_takes_the_schema_of_a_database_known_to_be_right(
    fingerprint: Fingerprinter, stage: Stage
) -> None:
    """Two databases: stage's is the same one here, which is upgraded by a run."""
    stage.run(HEADSTART_TARGET="0002")
    done = fingerprint("record", "--revision", "0002")
    assert done.exit_code == 0, done.stderr
    (state,) = fingerprint.states.states
    assert (state.name, state.via, *state.tables) == ("0002", "snapshot", "*")
    before = fingerprint.text
    again = fingerprint("record", "--revision", "0002")
    assert again.exit_code == 0
    assert "already" in again.stdout
    assert fingerprint.text == before


def test_record_adds_another_schema_of_a_revision_as_a_variant(
    fingerprint: Fingerprinter, stage: Stage
) -> None:
    fingerprint.build()
    stage.database.execute("ALTER TABLE invoices ADD note text")
    done = fingerprint("record", "--revision", "head")
    assert done.exit_code == 0, done.stderr
    assert [state.name for state in fingerprint.states.variants] == ["0003~snapshot"]
    assert stage.run("check").verdict["proof"] == "fingerprint"


@pytest.mark.parametrize("argv", [("--revision", "0003"), (), ("--revision", "nowhere")])
def test_record_refuses_what_the_version_row_denies(
    fingerprint: Fingerprinter, stage: Stage, argv: tuple[str, ...]
) -> None:
    stage.run(HEADSTART_TARGET="0002")
    assert fingerprint("record", *argv).exit_code == 2
    assert not fingerprint.file.exists()


def test_a_history_goes_on_from_a_recorded_database(
    fingerprint: Fingerprinter, stage: Stage
) -> None:
    """Where no revision replays from an empty database: record, then build what comes after."""
    stage.run(HEADSTART_TARGET="0002")
    assert fingerprint("record", "--revision", "0002").exit_code == 0
    done = fingerprint("build")
    assert done.exit_code == 0, done.verdict
    assert replayed(done) == ["0003"]
    assert [state.via for state in fingerprint.states.states] == ["snapshot", "upgrade"]
