"""fleet run where targets fail: the others are done, and who has to do what is told."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.harness.program import until
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.server import Database
from tests.integration.fleets import (
    SLEEPING,
    SLEEPS,
    outcomes,
    proving_fleet,
    schema_fleet,
    summary,
)

SIX = tuple(f"t{number}" for number in range(6))
HEAD = REVISIONS[-1]
REFUSED = "CREATE TABLE {}.accounts (id int)"
"""A table of ours without a version row."""


def test_one_that_is_refused_is_named_and_the_others_are_done(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, SIX)
    database.execute(REFUSED.format("t2"))
    done = fleet.run()
    told = summary(done)
    assert (told["outcome"], told["exit_code"], told["ready"]) == ("fleet_refused", 27, 5)
    assert told["need_person"] == 1
    (failure,) = told["failures"]
    assert (failure["target"], failure["outcome"], failure["exit_code"]) == ("t2", "unproven", 22)
    assert "accounts" in failure["message"]
    assert "'t2' (unproven)" in told["error"]["message"]
    assert done.told["failures"][0]["target"] == "t2"
    assert fleet.revisions() == dict.fromkeys(SIX, HEAD) | {"t2": None}


def test_run_again_is_resume(project: ProjectCopy, database: Database) -> None:
    fleet = schema_fleet(project, database, SIX)
    database.execute(REFUSED.format("t2"))
    assert fleet.run().exit_code == 27
    database.execute("DROP TABLE t2.accounts")
    again = fleet.run()
    assert again.exit_code == 0
    assert outcomes(again) == dict.fromkeys(SIX, "nothing_to_do") | {"t2": "upgraded"}


def test_one_that_is_not_reached_is_retried_by_whoever_started_the_fleet(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, SIX[:3])
    project.edit_env("target_metadata = None", "target_metadata = None\nimport os")
    project.edit_env("    with connectable.connect", DIES)
    done = fleet.run()
    told = summary(done)
    assert (told["outcome"], told["exit_code"]) == ("fleet_incomplete", 14)
    assert outcomes(done) == {"t0": "upgraded", "t1": "killed", "t2": "upgraded"}
    assert "signal 9" in told["failures"][0]["message"]


DIES = """    if tenant == "t1":
        os.kill(os.getpid(), 9)
    with connectable.connect"""


def test_a_canary_that_fails_keeps_the_rest_from_being_touched(
    project: ProjectCopy, database: Database, tmp_path: Path
) -> None:
    fleet = schema_fleet(project, database, SIX)
    database.execute(REFUSED.format("t1"))
    report = tmp_path / "report"
    done = fleet.run("--canary", "2", "--report", str(report))
    told = summary(done)
    assert told["exit_code"] == 27
    assert outcomes(done) == {"t0": "upgraded", "t1": "unproven"}
    assert told["outcomes"] == {"not_started": 4, "upgraded": 1, "unproven": 1}
    assert "'t1' comes before the others" in told["stopped_by"]
    assert fleet.revisions() == dict.fromkeys(SIX) | {"t0": HEAD}
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {line["target"] for line in lines} == set(SIX)
    assert {line["outcome"] for line in lines[2:]} == {"not_started"}


def test_the_first_one_is_alone_and_if_it_fails_nobody_else_is_touched(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, SIX)
    database.execute(REFUSED.format("t4"))
    done = fleet.run("--first", "t4", "--canary", "t0")
    assert outcomes(done) == {"t4": "unproven"}
    assert fleet.revisions() == dict.fromkeys(SIX)
    database.execute("DROP TABLE t4.accounts")
    again = fleet.run("--first", "t4", "--canary", "t2")
    assert list(outcomes(again))[:2] == ["t4", "t2"]
    assert fleet.revisions() == dict.fromkeys(SIX, HEAD)


@pytest.mark.parametrize(("most", "started"), [("0", 1), ("1", 2), ("17%", 2), ("50%", 4)])
def test_beyond_the_budget_no_other_target_starts(
    project: ProjectCopy, database: Database, most: str, started: int
) -> None:
    fleet = schema_fleet(project, database, SIX)
    for name in SIX:
        database.execute(REFUSED.format(name))
    done = fleet.run("--max-failures", most, "--jobs", "1")
    told = summary(done)
    assert len(outcomes(done)) == started
    assert told["outcomes"]["not_started"] == 6 - started
    assert "HEADSTART_MAX_FAILURES" in told["stopped_by"]


def test_a_run_that_is_killed_leaves_the_others_and_the_next_fleet_goes_on(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, SIX[:2])
    project.add("0004", HEAD, SLEEPS)
    with fleet.start("--jobs", "1") as run:
        worker = until(lambda: database.query(SLEEPING), "a target at work")[0][0]
        child = int(run_of(database, worker))
        os.kill(child, signal.SIGKILL)
        database.execute(f"SELECT pg_terminate_backend({worker})")
        run.await_event("target_finished", target="t0", outcome="killed")
        until(lambda: database.query(SLEEPING), "the other one at work")
        run.process.send_signal(signal.SIGTERM)
        ended = run.end()
    assert ended.exit_code == 143
    project.remove("0004")
    assert fleet.run().exit_code == 0


def run_of(database: Database, worker: int) -> str:
    """The number of the process behind a session of ours."""
    (port,) = database.query(f"SELECT client_port FROM pg_stat_activity WHERE pid = {worker}")[0]
    return process_with_port(port)


def process_with_port(port: int) -> str:
    """The process that has a TCP socket with this port of its own."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) in inodes:
                return link.parts[2]
        except OSError:  # it has ended meanwhile
            continue
    raise AssertionError(f"nobody has port {port}")


@pytest.mark.parametrize(("verify", "again"), [("auto", "nothing_to_do"), ("strict", "drifted")])
def test_who_drifted_while_it_was_upgraded_is_refused_again_where_that_is_asked_for(
    project: ProjectCopy, database: Database, verify: str, again: str
) -> None:
    """As docs/fleets.md says under "Exit codes"; a check refuses it in either case."""
    fleet = proving_fleet(project, database, ("acme", "globex"))
    assert fleet.run(HEADSTART_TARGET=REVISIONS[0]).exit_code == 0
    database.execute("ALTER TABLE acme.accounts ADD odd int")
    strict = {"HEADSTART_VERIFY": verify}
    assert outcomes(fleet.run(**strict))["acme"] == "drifted"
    assert outcomes(fleet.run(**strict))["acme"] == again
    assert outcomes(fleet.ask("check", **strict))["acme"] == "drifted"
