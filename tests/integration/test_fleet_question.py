"""A fleet asks its database first: who is proven is finished at once, and only the others run."""

import json
from pathlib import Path

import pytest

from headstart.postgres.target import Target
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.result import Event, Result
from tests.harness.server import Database, a_role
from tests.integration.fingerprinting import passwordless
from tests.integration.fleets import (
    ODD_NAMES,
    SchemaFleet,
    finished,
    gated,
    outcomes,
    proving_fleet,
    summary,
)
from tests.integration.gate_stage import holding

NAMES = ("ta", "tb", "tc", "td")
HEAD = REVISIONS[-1]


@pytest.fixture
def fleet(project: ProjectCopy, database: Database) -> SchemaFleet:
    """Four schemas, each brought to head and proven by a fleet."""
    fleet = proving_fleet(project, database, NAMES)
    assert fleet.run().exit_code == 0
    return fleet


def asked(result: Result) -> Event:
    """What was said of the question."""
    (event,) = [each for each in result.events if each["event"] == "targets_asked"]
    return event


def test_who_is_proven_gets_no_process(fleet: SchemaFleet, tmp_path: Path) -> None:
    report = tmp_path / "report"
    again = fleet.run("--report", str(report))
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {line["target"]: line["gate"] for line in lines} == dict.fromkeys(NAMES, True)
    assert outcomes(again) == dict.fromkeys(NAMES, "nothing_to_do")
    assert (gated(again), summary(again)["ready"]) == (set(NAMES), 4)
    told = finished(again)["ta"]
    assert (told["proof"], told["from"], told["exit_code"]) == ("fingerprint", [HEAD], 0)
    assert (asked(again)["targets"], asked(again)["proven"]) == (4, 4)
    # a process would have written a line for itself
    debug = fleet.run(HEADSTART_LOG_LEVEL="debug")
    assert {each.get("target") for each in debug.events} == {*NAMES, None}
    assert "execution_started" not in {e["event"] for e in debug.events if e.get("target")}


def test_only_who_has_something_to_do_gets_one(fleet: SchemaFleet, database: Database) -> None:
    database.execute("DROP TABLE tb.invoices; UPDATE tb.alembic_version SET version_num = '0002'")
    database.execute("ALTER TABLE tc.accounts ADD note text")
    again = fleet.run()
    assert outcomes(again) == dict.fromkeys(NAMES, "nothing_to_do") | {"tb": "upgraded"}
    assert gated(again) == {"ta", "td"}
    assert finished(again)["tc"]["extra"] == ["column accounts.note text"]
    # the tables of the others, thousands of them maybe, are read for none
    assert not any("ignored" in told for told in finished(again).values())
    assert gated(fleet.run()) == {"ta", "tb", "td"}


def test_names_and_settings_are_those_of_the_target(
    project: ProjectCopy, database: Database
) -> None:
    """Another argument for env.py is another target, whose schema nobody has proven."""
    fleet = proving_fleet(project, database, ODD_NAMES)
    assert fleet.run().exit_code == 0
    assert gated(fleet.run()) == set(ODD_NAMES)
    assert gated(fleet.run("--x", "dry=1")) == set()


def test_the_order_is_kept_where_some_need_no_process(
    fleet: SchemaFleet, database: Database
) -> None:
    database.execute("DROP SCHEMA tc CASCADE; CREATE SCHEMA tc; CREATE TABLE tc.accounts (id int)")
    stopped = fleet.run("--first", "ta", "--canary", "tc")
    assert (stopped.exit_code, outcomes(stopped)["tc"]) == (27, "interrupted")
    assert gated(stopped) == {"ta", "tb", "td"}
    database.execute("DROP TABLE tc.accounts, tb.alembic_version")
    behind = fleet.run("--first", "ta", "--canary", "tc", "--max-failures", "0")
    assert list(outcomes(behind))[-2:] == ["tc", "tb"]
    assert fleet.revisions()["tc"] == HEAD


@pytest.mark.parametrize(
    "setting", [{"HEADSTART_GATE": "off"}, {"HEADSTART_VERIFY": "strict"}], ids=str
)
def test_settings_that_close_the_gate_close_it_here(
    fleet: SchemaFleet, setting: dict[str, str]
) -> None:
    assert gated(fleet.run(**setting)) == set()


def test_who_cannot_be_asked_gets_a_process_which_says_why(
    fleet: SchemaFleet, database: Database
) -> None:
    with a_role(database, "nobody_here") as role:
        url = database.url_of(role, "wrong")
        refused = fleet.run(DATABASE_URL=url)
        assert outcomes(refused) == dict.fromkeys(NAMES, "access_refused")
        (event,) = [each for each in refused.events if each["event"] == "targets_not_asked"]
        assert "password" in event["cause"]
        no_privilege = fleet.run(DATABASE_URL=database.url_of(role))
        assert gated(no_privilege) == set()
        assert no_privilege.exit_code == 27


def test_the_database_may_be_named_for_all_targets_alike(
    fleet: SchemaFleet, database: Database, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text(database.parameters["password"])
    del fleet.settings["DATABASE_URL"]
    fleet.settings["HEADSTART_TARGET_URL"] = passwordless(database)
    again = fleet.run(PGPASSWORD_FILE=str(password))
    assert gated(again) == set(NAMES)
    assert database.parameters["password"] not in again.stderr


def test_a_target_that_somebody_works_on_is_left_to_a_process(
    fleet: SchemaFleet, database: Database
) -> None:
    lock = f"SELECT pg_advisory_xact_lock({Target('tc', 'alembic_version').key})"
    with (
        holding(database, "BEGIN; LOCK TABLE tb.alembic_version IN ACCESS EXCLUSIVE MODE"),
        holding(database, f"BEGIN; {lock}"),
    ):
        done = fleet.ask("check")
    assert gated(done) == {"ta", "td"}
    assert outcomes(done)["tc"] == "not_ready"
    assert done.exit_code == 14
