"""The first target and the canaries are shard 0's; the others wait until these are ready."""

import pytest

from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.result import Event, Result
from tests.harness.server import Database
from tests.integration.fleets import (
    SchemaFleet,
    outcomes,
    proving_fleet,
    schema_fleet,
    summary,
)

NAMES = tuple(f"t{number}" for number in range(8))
EARLY = ("--first", "t3", "--canary", "t5,t7")
HEAD = REVISIONS[-1]


def fleet_of(project: ProjectCopy, database: Database, *, proving: bool) -> SchemaFleet:
    """Eight schemas, to which nothing has been done."""
    return (proving_fleet if proving else schema_fleet)(project, database, NAMES)


def waits(result: Result) -> list[Event]:
    """What was said while it waited."""
    return [event for event in result.events if event["event"] == "canary_awaited"]


@pytest.mark.parametrize("proving", [True, False])
def test_another_shard_starts_nothing_until_they_are_ready(
    project: ProjectCopy, database: Database, *, proving: bool
) -> None:
    fleet = fleet_of(project, database, proving=proving)
    with fleet.start(*EARLY, "--shard", "1/2") as other:
        other.await_event("canary_awaited")
        assert fleet.revisions() == dict.fromkeys(NAMES)
        assert fleet.run(*EARLY, "--shard", "0/2").exit_code == 0
        done = other.end()
    assert done.exit_code == 0, done.stderr
    assert fleet.revisions() == dict.fromkeys(NAMES, HEAD)
    assert waits(done)[0]["pending"] == ["t3", "t5", "t7"]
    again = fleet.run(*EARLY, "--shard", "1/2")
    assert (again.exit_code, waits(again)) == (0, [])


def test_at_the_deadline_it_ends_and_may_be_tried_again(
    project: ProjectCopy, database: Database
) -> None:
    fleet = fleet_of(project, database, proving=True)
    assert fleet.run(HEADSTART_TARGETS="-", stdin="t3\nt5\n").exit_code == 0
    done = fleet.run(*EARLY, "--shard", "1/2", HEADSTART_LOCK_SECONDS="1")
    told = summary(done)
    assert (told["outcome"], told["exit_code"]) == ("canary_pending", 14)
    assert (
        "'t7' comes before all other targets, and was not ready within 1 s"
        in told["error"]["message"]
    )
    assert "HEADSTART_LOCK_SECONDS" in told["error"]["message"]
    assert outcomes(done) == {}
    assert fleet.revisions() == dict.fromkeys(NAMES) | {"t3": HEAD, "t5": HEAD}


def test_at_the_head_with_another_schema_is_not_ready(
    project: ProjectCopy, database: Database
) -> None:
    """So a run leaves it that fails at its last step, once it has compared the schema."""
    fleet = fleet_of(project, database, proving=True)
    assert fleet.run(HEADSTART_TARGETS="-", stdin="t3\nt5\nt7\n").exit_code == 0
    database.execute("ALTER TABLE t5.accounts DROP COLUMN name")
    done = fleet.run(*EARLY, "--shard", "1/2", HEADSTART_LOCK_SECONDS="1")
    assert done.outcome == "canary_pending"
    assert "'t5' comes before all other targets" in done.verdict["error"]["message"]
    database.execute("ALTER TABLE t5.accounts ADD COLUMN name text NOT NULL")
    assert fleet.run(*EARLY, "--shard", "1/2").exit_code == 0


def test_whose_version_tables_are_elsewhere_nobody_waits_for(
    project: ProjectCopy, database: Database
) -> None:
    """A check, which runs no env.py, would look for their tables in the wrong schema."""
    fleet = schema_fleet(project, database, ("ops", *NAMES))
    project.edit_env("version_table_schema=tenant\n", "version_table_schema='ops',\n" + TABLE)
    fleet.settings["HEADSTART_TARGET_VERSION_TABLE"] = "ops.{target}"
    done = fleet.run(*EARLY, "--shard", "1/2")
    assert (done.exit_code, waits(done)) == (0, [])
    (warned,) = [event for event in done.events if event["event"] == "settings_warned"]
    assert "does not wait for them" in warned["warning"]


TABLE = "            version_table=tenant,\n"


def test_an_image_that_cannot_be_used_waits_for_nobody(
    project: ProjectCopy, database: Database
) -> None:
    fleet = fleet_of(project, database, proving=False)
    project.add("0009", "0008")
    done = fleet.run(*EARLY, "--shard", "1/2")
    assert (done.outcome, outcomes(done), waits(done)) == ("broken_history", {}, [])


def test_a_signal_ends_the_wait(project: ProjectCopy, database: Database) -> None:
    fleet = fleet_of(project, database, proving=False)
    with fleet.start(*EARLY, "--shard", "1/2") as other:
        other.await_event("canary_awaited")
        other.process.terminate()
        done = other.end()
    assert (done.exit_code, done.outcome) == (143, "sigterm")


def test_only_a_run_waits(project: ProjectCopy, database: Database) -> None:
    fleet = fleet_of(project, database, proving=False)
    done = fleet.ask("check", *EARLY, "--shard", "1/2")
    assert (done.outcome, waits(done)) == ("fleet_incomplete", [])
