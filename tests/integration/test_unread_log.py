"""A log that nobody reads holds no lock, no transaction, and no process beyond its end."""

import os
import signal
import time
from contextlib import AbstractContextManager

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.harness.result import read_events
from tests.harness.unread import Unread, start_unread
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

LOUD = {
    "prints": "for i in range(2000): print('x' * 200)",
    "one line": "print('x' * 400_000)",
    "a child's output": "import subprocess\n"
    "subprocess.run(['sh', '-c', 'yes xxxxxxxxxxxxxxxx | head -c 400000'])",
    "bytes of a library in C": "import os\nfor i in range(200): os.write(1, b'x' * 2000 + b'\\n')",
    "a logger": "import logging\nfor i in range(2000): logging.getLogger('a').warning('x' * 200)",
    "other threads": "import threading\n"
    "t = [threading.Thread(target=print, args=('x' * 9000,)) for _ in range(100)]\n"
    "[each.start() for each in t]; [each.join() for each in t]",
}
SESSIONS = "SELECT application_name, state FROM pg_stat_activity WHERE application_name ~ 'headst'"


def started(stage: Stage, *argv: str, **environ: str) -> AbstractContextManager[Unread]:
    """Headstart, and the end of the pipe that it writes all its output to."""
    settings = {
        "DATABASE_URL": stage.database.url,
        "HEADSTART_ALEMBIC_INI": str(stage.project.ini),
        "HEADSTART_LOG_FORMAT": "json",
    }
    return start_unread(*argv, env=settings | environ)


def loud(stage: Stage, how: str) -> None:
    stage.run()
    stage.project.add("0004", "0003", f"op.execute('ALTER TABLE accounts ADD b int')\n{LOUD[how]}")


@pytest.mark.parametrize("how", LOUD)
def test_nobody_waits_for_its_reader_for_ever(stage: Stage, how: str) -> None:
    loud(stage, how)
    with started(stage) as (process, _):
        assert process.wait(40) == 0
    assert stage.rows() == ["0004"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"]
)
def test_a_signal_ends_it_all_the_same(stage: Stage, number: int, code: int) -> None:
    loud(stage, "prints")
    with started(stage) as (process, _):
        time.sleep(3)
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(8) == code
        assert stage.database.query(SESSIONS) == []
    assert stage.rows() == ["0003"]


def test_the_deadline_ends_it_all_the_same(stage: Stage) -> None:
    loud(stage, "prints")
    stage.project.add("0005", "0004", "op.execute('SELECT pg_sleep(60)')")
    with started(stage, HEADSTART_DEADLINE_SECONDS="8") as (process, _):
        assert process.wait(20) == 21
        assert stage.database.query(SESSIONS) == []
    assert stage.run("check").exit_code == 14


def test_a_reader_that_comes_back_is_told_what_is_missing(stage: Stage) -> None:
    loud(stage, "prints")
    stage.project.add("0005", "0004", "import time; time.sleep(4)")
    with started(stage) as (process, reading):
        time.sleep(9)  # the log's patience is over, and the next revision runs
        with os.fdopen(os.dup(reading), "rb") as file:
            events = read_events(file.read().decode())
        assert process.wait(20) == 0
    left_out = [each["lines"] for each in events if each["event"] == "log_left_out"]
    assert len(left_out) == 1
    assert left_out[0] > 1000
    assert events[-1]["event"] == "run_finished"


@pytest.mark.parametrize("verb", ["plan", "check", "status"])
def test_an_answer_waits_for_its_reader_but_not_beyond_a_signal(stage: Stage, verb: str) -> None:
    previous = None
    for number in range(900):  # an answer longer than a pipe
        name = f"{number:04d}_{'x' * 100}"
        stage.project.add(name, previous, "pass")
        previous = name
    stage.project.remove(*REVISIONS)
    with started(stage, verb, "--output", "json") as (process, _):
        time.sleep(8)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(8) != 0
