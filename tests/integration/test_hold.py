"""HEADSTART_HOLD=contract: what takes away waits until the release before is gone."""

import json

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.known_stage import KnownStage, rebuild

# what is decided here, the server's version has no part in
pytestmark = ON_ONE_SERVER

EXPAND = 'op.add_column("accounts", sa.Column("full_name", sa.Text))'
DROP = 'op.drop_column("orders", "note")'
DROP_REQUIRED = 'op.drop_column("accounts", "name")'
PHASE = 'headstart_phase = "contract"\n'
HOLD = {"HEADSTART_HOLD": "contract"}


@pytest.fixture
def phased(known: KnownStage) -> KnownStage:
    """Give a database of the release before, which has a column that nobody needs any more."""
    known.project.add("0004", "0003", 'op.add_column("orders", sa.Column("note", sa.Text))')
    assert known.run(HEADSTART_VERIFY="off").exit_code == 0
    known.project.add("0005", "0004", EXPAND)
    contract(known, "0006", "0005", DROP)
    rebuild(known)
    return known


def contract(stage: KnownStage, revision: str, parent: str, body: str) -> None:
    """Add a revision of the contract phase."""
    stage.project.add(revision, parent, body)
    script = next(stage.project.path.glob(f"**/{revision}*.py"))
    script.write_text(PHASE + script.read_text())


def test_a_run_stops_before_the_contract_and_the_next_one_runs_it(phased: KnownStage) -> None:
    done = phased.run(**HOLD)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "held"), done.verdict
    assert [each["revision"] for each in done.verdict["applied"]] == ["0005"]
    assert (done.verdict["held"], done.verdict["to"]) == (["0006"], ["0005"])
    assert {"note", "full_name"} <= phased.columns("orders") | phased.columns("accounts")
    again = phased.run(**HOLD)
    assert (again.exit_code, again.verdict["outcome"], again.verdict["applied"]) == (0, "held", [])
    released = phased.run()
    assert (released.exit_code, released.verdict["outcome"]) == (0, "upgraded")
    assert [each["revision"] for each in released.verdict["applied"]] == ["0006"]
    assert "note" not in phased.columns("orders")


@pytest.mark.parametrize("verb", ["check", "wait"])
def test_whoever_asks_with_the_same_setting_is_told_ready(phased: KnownStage, verb: str) -> None:
    before = phased.run(verb, HEADSTART_WAIT_SECONDS="1", **HOLD)
    assert (before.exit_code, before.verdict["outcome"]) == (14, "not_ready")
    assert "0006" not in before.verdict["error"]["message"]
    assert phased.run(**HOLD).exit_code == 0
    ready = phased.run(verb, **HOLD)
    assert (ready.exit_code, ready.verdict["outcome"], ready.verdict["held"]) == (
        0,
        "held",
        ["0006"],
    )
    assert phased.run("check").verdict["outcome"] == "not_ready"


def test_a_schema_that_has_drifted_is_not_called_held(phased: KnownStage) -> None:
    assert phased.run(**HOLD).exit_code == 0
    phased.database.execute("ALTER TABLE accounts DROP COLUMN full_name")
    assert phased.run("check", **HOLD).verdict["outcome"] == "drifted"


def test_plan_tells_what_is_held(phased: KnownStage) -> None:
    told = json.loads(phased.run("plan", "--output", "json", **HOLD).stdout)
    assert (told["pending"], told["held"]) == (["0005"], ["0006"])
    sql = phased.run("plan", "--sql", **HOLD).stdout
    assert "full_name" in sql
    assert "DROP COLUMN" not in sql


def test_status_tells_what_is_held(phased: KnownStage) -> None:
    """Before the expand has run, and after it, when there is nothing else to do."""
    for pending in (["0005"], []):
        told = json.loads(phased.run("status", "--output", "json", **HOLD).stdout)
        assert (told["pending"], told["held"]) == (pending, ["0006"])
        lines = phased.run("status", **HOLD).stdout.splitlines()
        assert [line.split()[1] for line in lines if line.startswith("0006")] == ["held"]
        assert "hold:   0006" in lines
        assert phased.run(**HOLD).outcome == "held"
    assert "plan:   nothing_to_do, 1 held back" in lines
    assert "held" not in phased.run("status").stdout


def test_what_this_image_needs_gone_cannot_be_held(known: KnownStage) -> None:
    """It does not fill the column any more, which has to be filled as long as it is there."""
    assert known.run().exit_code == 0
    contract(known, "0004", "0003", DROP_REQUIRED)
    rebuild(known)
    done = known.run(**HOLD)
    assert (done.exit_code, done.verdict["outcome"]) == (24, "hold_refused"), done.verdict
    assert "0004 cannot be held back" in done.verdict["error"]["message"]
    assert "accounts.name is NOT NULL without a default" in done.verdict["error"]["message"]
    assert known.rows() == ["0003"]
    assert known.run("check", **HOLD).verdict["outcome"] == "hold_refused"
    assert known.run().exit_code == 0


def test_an_expand_behind_a_held_one_is_refused_not_held(known: KnownStage) -> None:
    known.project.add("0004", "0003", 'op.add_column("orders", sa.Column("note", sa.Text))')
    assert known.run(HEADSTART_VERIFY="off").exit_code == 0
    contract(known, "0005", "0004", DROP)
    known.project.add("0006", "0005", EXPAND)
    rebuild(known)
    done = known.run(**HOLD)
    assert (done.exit_code, done.verdict["outcome"]) == (24, "hold_refused")
    assert "0005, 0006 cannot be held back" in done.verdict["error"]["message"]
    assert "full_name" in done.verdict["error"]["message"]


def test_an_empty_database_is_brought_to_head(phased: KnownStage) -> None:
    phased.database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    done = phased.run(**HOLD)
    assert (done.outcome, phased.rows()) == ("upgraded", ["0006"])


def test_without_fingerprints_nothing_is_held(phased: KnownStage) -> None:
    phased.file.unlink()
    done = phased.run(**HOLD)
    assert (done.exit_code, done.verdict["outcome"]) == (24, "hold_refused")
    assert "fingerprint" in done.verdict["next_step"]
    assert phased.rows() == ["0004"]


def test_nothing_changes_where_no_revision_is_of_that_phase(known: KnownStage) -> None:
    assert known.run(HEADSTART_TARGET="0002").exit_code == 0
    done = known.run(**HOLD)
    assert (done.outcome, done.verdict["to"]) == ("upgraded", ["0003"])
    assert known.run(**HOLD).outcome == "nothing_to_do"


def test_a_baseline_holds_back_too(phased: KnownStage) -> None:
    phased.database.execute("DELETE FROM alembic_version")
    done = phased.run(HEADSTART_BASELINE="0004", **HOLD)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "held"), done.verdict
    assert phased.rows() == ["0005"]
