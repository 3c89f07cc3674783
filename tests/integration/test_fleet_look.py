"""fleet check, status and plan: how all stand, what a run would do; nothing is changed."""

import json
from pathlib import Path

import pytest

from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.result import Event, Result
from tests.harness.server import Database, Server
from tests.integration.fleets import (
    SchemaFleet,
    database_fleet,
    finished,
    gated,
    outcomes,
    proving_fleet,
    schema_fleet,
    summary,
)
from tests.integration.gate_stage import holding

NAMES = tuple(f"t{number}" for number in range(8))
HEAD = REVISIONS[-1]
VERBS = ("check", "status", "plan")


@pytest.fixture
def fleet(project: ProjectCopy, database: Database) -> SchemaFleet:
    """Eight schemas, each brought to head and proven by a fleet."""
    fleet = proving_fleet(project, database, NAMES)
    assert fleet.run().exit_code == 0
    return fleet


def spoil(database: Database) -> None:
    """One is behind, one drifted, one new, and one has tables and no version row."""
    database.execute("DROP TABLE t1.invoices; UPDATE t1.alembic_version SET version_num = '0002'")
    database.execute("ALTER TABLE t2.accounts DROP COLUMN name")
    database.execute("DROP SCHEMA t3 CASCADE; CREATE SCHEMA t3")
    database.execute("DROP SCHEMA t4 CASCADE; CREATE SCHEMA t4; CREATE TABLE t4.accounts (id int)")


def answer(result: Result) -> Event:
    """What is on stdout, as JSON."""
    found: Event = json.loads(result.stdout)
    return found


def test_where_all_are_proven_nobody_gets_a_process(fleet: SchemaFleet) -> None:
    checked, status, plan = (fleet.ask(verb, "--output", "json") for verb in VERBS)
    assert [each.exit_code for each in (checked, status, plan)] == [0, 0, 0]
    assert gated(checked) == set(NAMES)
    assert (answer(checked)["outcome"], answer(checked)["ready"]) == ("fleet_ready", 8)
    assert not finished(status)
    assert not finished(plan)
    assert answer(status) == {
        "targets": 8,
        "proven": 8,
        "ready": 0,
        "is_ready": True,
        "revisions": [{"revision": [HEAD], "targets": 8, "pending": 0}],
        "named": {},
        "shard": "0/1",
    }
    assert answer(plan) == {
        "targets": 8, "kinds": {"nothing_to_do": 8}, "processes": [], "shard": "0/1",
    }  # fmt: skip
    assert summary(plan)["outcome"] == "planned"


def test_the_others_get_the_ordinary_check_which_changes_nothing(
    fleet: SchemaFleet, database: Database
) -> None:
    spoil(database)
    before = database.dump()
    done = fleet.ask("check")
    assert gated(done) == {"t0", "t5", "t6", "t7"}
    assert outcomes(done) == dict.fromkeys(NAMES, "nothing_to_do") | {
        "t1": "not_ready",
        "t2": "drifted",
        "t3": "not_ready",
        "t4": "interrupted",
    }
    assert (done.exit_code, summary(done)["need_person"]) == (27, 2)
    assert done.stdout.startswith("fleet_refused: 4 of 8 targets are not ready")
    assert database.dump() == before


def test_tables_of_all_in_another_schema_say_nothing_of_a_target(
    fleet: SchemaFleet, database: Database
) -> None:
    """A check runs no env.py, and the search_path of its connection leads to public."""
    database.execute("CREATE TABLE public.accounts (id int)")
    database.execute("COMMENT ON TABLE t1.alembic_version IS NULL")
    done = fleet.ask("check")
    assert gated(done) == set(NAMES) - {"t1"}
    assert finished(done)["t1"]["proof"] == "fingerprint"
    database.execute("DROP TABLE t1.alembic_version")
    assert outcomes(fleet.ask("check"))["t1"] == "not_ready"
    (planned,) = planned_by(fleet)
    assert (planned["kind"], planned["pending"]) == ("not_ready", [])
    assert "a run would baseline them at 0003" in planned["why"]


def test_a_check_heeds_no_order_and_no_budget(fleet: SchemaFleet, database: Database) -> None:
    spoil(database)
    done = fleet.ask("check", "--first", "t2", "--canary", "t4", "--max-failures", "0")
    assert set(outcomes(done)) == set(NAMES)


def test_those_that_are_only_behind_are_retryable(fleet: SchemaFleet, database: Database) -> None:
    database.execute("DROP TABLE t1.invoices; UPDATE t1.alembic_version SET version_num = '0002'")
    done = {verb: fleet.ask(verb, "--output", "json") for verb in VERBS}
    assert {verb: each.exit_code for verb, each in done.items()} == {
        "check": 14, "status": 14, "plan": 0,
    }  # fmt: skip
    assert set(finished(done["check"])) == set(NAMES)
    assert not finished(done["status"])  # the question suffices
    assert not finished(done["plan"])
    assert answer(done["plan"])["processes"] == [
        {"target": "t1", "kind": "upgrade", "pending": ["0003"]}
    ]


def test_status_counts_the_revisions_and_names_who_is_not_ready(
    fleet: SchemaFleet, database: Database
) -> None:
    spoil(database)
    before = database.dump()
    with holding(database, "BEGIN; LOCK TABLE t5.alembic_version IN ACCESS EXCLUSIVE MODE"):
        done = fleet.ask("status")
        told = answer(fleet.ask("status", "--output", "json"))
    assert database.dump() == before
    assert done.exit_code == 27
    assert set(finished(done)) == {"t2", "t3", "t4"}
    assert done.stdout.splitlines() == [
        "revision  targets",
        "base            1  3 pending",
        "0002            1  1 pending",
        "0003            5",
        "",
        "3 of 8 targets are proven (shard 0/1)",
        "behind: t1",
        "drifted: t2",
        "in_progress: t5",
        "interrupted: t4",
        "missing: t3",
    ]
    assert told["named"] == {
        "behind": ["t1"],
        "drifted": ["t2"],
        "in_progress": ["t5"],
        "interrupted": ["t4"],
        "missing": ["t3"],
    }
    assert (told["targets"], told["proven"], told["is_ready"]) == (8, 3, False)


def test_plan_tells_what_a_run_would_do_to_whom(fleet: SchemaFleet, database: Database) -> None:
    spoil(database)
    before = database.dump()
    done = fleet.ask("plan")
    planned = {each["target"]: each for each in planned_by(fleet)}
    assert database.dump() == before
    assert done.exit_code == 27
    assert (planned["t1"]["kind"], planned["t1"]["pending"]) == ("upgrade", ["0003"])
    assert (planned["t3"]["kind"], planned["t3"]["pending"]) == ("upgrade", list(REVISIONS))
    assert planned["t2"]["kind"] == "drifted"
    assert "half applied" in planned["t4"]["why"]
    assert set(planned) == {"t1", "t2", "t3", "t4"}
    assert done.stdout.splitlines()[:8] == [
        "would do       targets",
        "nothing_to_do        4",
        "upgrade              2",
        "drifted              1",
        "interrupted          1",
        "",
        "4 of 8 targets get a process of their own (shard 0/1)",
        "t1: upgrade: 0003",
    ]
    run = fleet.run()
    assert set(finished(run)) - gated(run) == set(planned)


def planned_by(fleet: SchemaFleet) -> list[Event]:
    """Those that would get a process."""
    found: list[Event] = answer(fleet.ask("plan", "--output", "json"))["processes"]
    return found


def test_of_many_only_some_are_shown_to_people(project: ProjectCopy, database: Database) -> None:
    names = tuple(f"n{number:02}" for number in range(12))
    fleet = schema_fleet(project, database, names)
    done = fleet.ask("status", "--jobs", "3")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        14,
        f"missing: {', '.join(names[:10])} and 2 more",
    )


def test_without_fingerprints_they_are_ready_by_their_own_check(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, NAMES[:2])
    assert fleet.run().exit_code == 0
    done = fleet.ask("status")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == (
        "0 of 2 targets are proven, 2 ready without a proof (shard 0/1)"
    )


def test_a_database_each_is_asked_by_a_check_of_its_own(
    project: ProjectCopy, server: Server, plain_fingerprints: str
) -> None:
    (Path(project.path) / "alembic" / "fingerprints.txt").write_text(plain_fingerprints)
    with database_fleet(project, server, ("a", "b", "c")) as fleet:
        assert fleet.run(HEADSTART_TARGETS="-", stdin="a\nb\n").exit_code == 0
        status = fleet.ask("status", "--output", "json")
        plan = answer(fleet.ask("plan", "--output", "json"))
        checked = fleet.ask("check")
    told = answer(status)
    assert (status.exit_code, told["proven"], told["named"]) == (14, 2, {"missing": ["c"]})
    assert told["revisions"] == [{"revision": [HEAD], "targets": 2, "pending": 0}]
    assert plan["kinds"] == {"nothing_to_do": 2, "upgrade": 1}
    assert [each["target"] for each in plan["processes"]] == ["a", "b", "c"]
    assert outcomes(checked) == {"a": "nothing_to_do", "b": "nothing_to_do", "c": "not_ready"}


def test_an_image_that_cannot_be_used_is_the_answer(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, NAMES[:2])
    project.add("0009", "0008")
    for verb in ("status", "plan"):
        assert fleet.ask(verb).outcome == "broken_history"
    assert outcomes(fleet.run()) == dict.fromkeys(NAMES[:2], "broken_history")
