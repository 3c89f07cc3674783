"""fleet run that is ended from outside: by a signal, or with SIGKILL, itself or its nursery."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness.processes import children_of, is_there
from tests.harness.program import Run, until
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.server import Database
from tests.integration.fleets import (
    SLEEPING,
    SLEEPS,
    SchemaFleet,
    outcomes,
    schema_fleet,
    summary,
)

FOUR = ("t0", "t1", "t2", "t3")
HEAD = REVISIONS[-1]


@pytest.fixture
def fleet(project: ProjectCopy, database: Database) -> SchemaFleet:
    """A fleet whose targets sleep in a revision."""
    project.add("0004", HEAD, SLEEPS)
    return schema_fleet(project, database, FOUR)


def sleeping(database: Database) -> None:
    """Wait until two targets are in their revision."""
    until(lambda: len(database.query(SLEEPING)) == 2, "two targets at work", 60)


def nursery_of(run: Run) -> int:
    """The process that starts the targets'."""
    (nursery,) = children_of(run.process.pid)
    return nursery


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_targets_that_run_and_no_other_one_starts(
    fleet: SchemaFleet, database: Database, signum: int, code: int
) -> None:
    with fleet.start("--jobs", "2") as run:
        sleeping(database)
        nursery = nursery_of(run)
        os.kill(nursery, signum)  # as whoever signals all processes of a container does: not heeded
        started = time.monotonic()
        run.process.send_signal(signum)
        ended = run.end()
    assert time.monotonic() - started < 9
    assert ended.exit_code == code
    told = summary(ended)
    assert told["outcome"] == signal.Signals(signum).name.lower()
    assert told["outcomes"] == {told["outcome"]: 2, "not_started": 2}
    assert outcomes(ended) == dict.fromkeys(FOUR[:2], told["outcome"])
    assert set(fleet.revisions().values()) == {HEAD, None}
    assert not is_there(nursery)
    assert database.query(SLEEPING) == []


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_to_all_its_processes_ends_each_target_as_one_to_a_single_run_does(
    fleet: SchemaFleet, database: Database, signum: int, code: int
) -> None:
    """The targets get it twice, the second time while they end; Ctrl-C does not reach them."""
    fleet.project.add("0004", HEAD, SLOW_TO_END)
    with fleet.start("--jobs", "2") as run:
        sleeping(database)
        nursery = nursery_of(run)
        targets = children_of(nursery)
        assert not {os.getpgid(run.process.pid)} & set(map(os.getpgid, (nursery, *targets)))
        for process in (*targets, nursery, run.process.pid):
            os.kill(process, signum)
        ended = run.end()
    assert ended.exit_code == code
    told = summary(ended)
    assert told["outcomes"] == {signal.Signals(signum).name.lower(): 2, "not_started": 2}
    assert told["stopped_by"] == "a signal ended the fleet"
    assert "Traceback" not in ended.stderr
    assert not any(map(is_there, (nursery, *targets)))
    assert set(fleet.revisions().values()) == {HEAD, None}


def test_with_the_main_process_gone_the_targets_end_as_by_sigterm(
    fleet: SchemaFleet, database: Database
) -> None:
    with fleet.start("--jobs", "2") as run:
        sleeping(database)
        nursery = nursery_of(run)
        targets = children_of(nursery)
        assert len(targets) == 2
        run.kill()
        until(lambda: not any(map(is_there, (nursery, *targets))), "the end of all")
    until(lambda: not database.query(SLEEPING), "the end of its statement", 5)
    fleet.project.remove("0004")
    again = fleet.run()
    assert again.exit_code == 0, again.stderr
    assert fleet.revisions() == dict.fromkeys(FOUR, HEAD)


def test_with_the_nursery_gone_the_targets_end_and_the_fleet_says_why(
    fleet: SchemaFleet, database: Database
) -> None:
    with fleet.start("--jobs", "2") as run:
        sleeping(database)
        nursery = nursery_of(run)
        targets = children_of(nursery)
        os.kill(nursery, signal.SIGKILL)
        ended = run.end()
    told = summary(ended)
    assert (told["outcome"], told["exit_code"]) == ("fleet_incomplete", 14)
    assert "the process that starts the others was killed" in told["stopped_by"]
    assert told["outcomes"] == {"sigterm": 2, "not_started": 2}
    assert not any(map(is_there, targets))


def test_how_far_it_is_is_told_as_a_heartbeat(fleet: SchemaFleet) -> None:
    with fleet.start("--jobs", "2", HEADSTART_HEARTBEAT_SECONDS="0.5") as run:
        told = run.await_event("fleet_progress", running=2)
        run.process.send_signal(signal.SIGTERM)
        assert run.end().exit_code == 143
    assert (told["targets"], told["done"], told["failed"], told["left"]) == (4, 0, 0, 2)
    assert (told["rate_per_second"], told["remaining_seconds"]) == (0, None)


def test_what_a_target_says_goes_on_with_its_name_and_without_a_secret(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, FOUR[:2])
    secret = database.parameters["password"]
    fleet.settings["HEADSTART_TARGET_URL"] = f'"{fleet.settings.pop("DATABASE_URL")}"'
    project.edit_env("target_metadata = None", SAYS.replace("SECRET", secret))
    quiet, loud = fleet.run(), fleet.run(HEADSTART_LOG_LEVEL="debug")
    assert (quiet.exit_code, loud.exit_code) == (0, 0), quiet.stderr
    warned = [event for event in quiet.events if event["event"] == "settings_warned"]
    assert sorted(event["target"] for event in warned) == ["t0", "t1"]
    assert all("is wrapped in quotes" in event["warning"] for event in warned)
    assert not any(event["event"] == "output_printed" for event in quiet.events)
    printed = [event for event in loud.events if event["event"] == "output_printed"]
    assert sorted((event["target"], event["text"]) for event in printed) == [
        ("t0", "hello ***"),
        ("t1", "hello ***"),
    ]
    assert secret not in quiet.stderr + loud.stderr + json.dumps(loud.told)


SLOW_TO_END = f"""try:
    {SLEEPS}
finally:
    __import__("time").sleep(1.5)"""

SAYS = """target_metadata = None
print("hello SECRET")"""


@contextmanager
def before_it_imports(fleet: SchemaFleet, signum: int) -> Iterator[Run]:
    """A fleet that is about to start its targets, whose nursery was sent a signal before."""
    names = fleet.project.path / "names"
    os.mkfifo(names)
    with fleet.start(HEADSTART_TARGETS=str(names)) as run:
        until(lambda: children_of(run.process.pid), "a nursery")
        os.kill(nursery_of(run), signum)
        names.write_text("\n".join(FOUR))  # waits for whoever reads it
        run.await_event("targets_asked")
        yield run


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_is_heeded_before_the_first_target_can_start(
    fleet: SchemaFleet, signum: int, code: int
) -> None:
    """A machine that is busy takes long to import what all targets need: here, for ever."""
    with before_it_imports(fleet, signal.SIGSTOP) as run:
        run.process.send_signal(signum)
        ended = run.end(20)
    assert ended.exit_code == code
    assert summary(ended)["outcomes"] == {"not_started": 4}


def test_a_nursery_that_is_gone_before_the_first_target_is_told(fleet: SchemaFleet) -> None:
    with before_it_imports(fleet, signal.SIGKILL) as run:
        ended = run.end(20)
    assert ended.exit_code == 14
    assert "was killed" in summary(ended)["stopped_by"]
