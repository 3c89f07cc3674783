"""On a terminal a line below the log shows what runs; it disturbs nothing, and waits for nobody."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.terminal import (
    ERASE,
    Terminal,
    run_printing_on_terminal,
    start_on_terminal,
)
from tests.integration.stage import Stage
from tests.integration.test_progress import SLOW_TABLE

pytestmark = ON_ONE_SERVER

SLEEP = 'op.execute("SELECT pg_sleep(2.5)")'
LINE = re.compile(r"\[1/2\] 0004: (\d+) s(, .*)?")
LAST = re.compile(r"^on \w+@|run_finished", re.MULTILINE)
LOGGED = re.compile(r"\d\d:\d\d:\d\d |ready: upgraded, 2 revisions to 0005, in |on \w+@|  ")


@pytest.fixture
def upgraded(stage: Stage) -> Stage:
    """Give a stage with two revisions to run, the first of which takes its time."""
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", SLEEP)
    stage.project.add("0005", "0004")
    return stage


@contextmanager
def on_terminal(stage: Stage, columns: int = 80, /, **environ: str) -> Iterator[Terminal]:
    """Give the terminal of a run, and wait for its end."""
    terminal = Terminal(columns)
    env = {"DATABASE_URL": stage.database.url, "HEADSTART_ALEMBIC_INI": stage.project.ini}
    with start_on_terminal(env=env | environ, terminal=terminal) as process:
        yield terminal
        assert process.wait(30) == 0
        until(lambda: LAST.search(terminal.printed), "the last line")


def assert_undisturbed(terminal: Terminal) -> None:
    """Fail where anything but whole lines of the log is left on the screen."""
    lines = [line for line in terminal.screen if line]
    assert all(map(LOGGED.match, lines)), lines
    for text in ("connected to", "[1/2] 0004  ", "[2/2] 0005  ", "ready: upgraded"):
        assert any(text in line for line in lines), text
    assert not any(LINE.match(line) for line in lines)
    assert terminal.screen[-1] == ""


def test_it_shows_the_revision_and_its_seconds_and_is_gone_in_the_end(upgraded: Stage) -> None:
    with on_terminal(upgraded) as terminal:
        pass
    matches = [LINE.fullmatch(line) for line in terminal.drawn if line.startswith("[1")]
    seconds = [int(match[1]) for match in matches if match]
    assert len(seconds) == len(matches) >= 3
    assert seconds == sorted(seconds)
    assert 2 <= seconds[-1] <= 5
    assert_undisturbed(terminal)


def test_lines_of_the_log_come_above_it(upgraded: Stage) -> None:
    upgraded.project.add(
        "0004",
        "0003",
        "import time\nfor i in range(10):\n    print('said', i)\n    time.sleep(0.3)",
    )
    with on_terminal(upgraded, HEADSTART_HEARTBEAT_SECONDS="0.7") as terminal:
        pass
    assert len(terminal.drawn) >= 10
    assert_undisturbed(terminal)
    said = [line for line in terminal.screen if "| said" in line]
    assert [int(re.findall(r"said (\d)", line)[0]) for line in said] == list(range(10))
    assert sum("still running" in line for line in terminal.screen) >= 3


def test_it_has_the_per_cent_and_the_phase_where_the_server_counts(upgraded: Stage) -> None:
    upgraded.database.execute(SLOW_TABLE)
    upgraded.project.add("0004", "0003", 'op.execute("CREATE INDEX ON chunks (slow(id))")')
    with on_terminal(upgraded, HEADSTART_HEARTBEAT_SECONDS="0.3") as terminal:
        pass
    shown = re.compile(r"\[1/2\] 0004: \d s, (\d+\.\d) % \(building index: scanning table\)")
    percents = [float(match[1]) for line in terminal.drawn if (match := shown.fullmatch(line))]
    assert len(percents) >= 3
    assert percents[0] < percents[-1]
    assert_undisturbed(terminal)


@pytest.mark.parametrize("columns", [2, 12])
def test_a_narrow_terminal_cuts_it(upgraded: Stage, columns: int) -> None:
    with on_terminal(upgraded, columns) as terminal:
        pass
    assert {line for line in terminal.drawn if line.startswith("[")} <= {
        "[1/2] 0004: 1 s"[: columns - 1],
        "[2/2] 0005: 0 s"[: columns - 1],
    }
    assert_undisturbed(terminal)


def test_a_terminal_that_changes_its_width_gets_what_fits(upgraded: Stage) -> None:
    with on_terminal(upgraded) as terminal:
        until(lambda: terminal.drawn, "the line")
        terminal.resize(10)
        until(lambda: "[1/2] 000" in terminal.drawn, "a shorter one")
    assert_undisturbed(terminal)


@pytest.mark.parametrize(
    "environ",
    [{"TERM": "dumb"}, {"TERM": ""}, {"HEADSTART_LOG_FORMAT": "json"}],
    ids=["dumb", "none", "json"],
)
def test_there_is_none_where_it_could_not_be_redrawn_or_the_log_is_for_programs(
    upgraded: Stage, environ: dict[str, str]
) -> None:
    with on_terminal(upgraded, 80, **environ) as terminal:
        pass
    assert ERASE not in terminal.printed
    assert "\x1b[K" not in terminal.printed


def test_no_color_has_no_bearing_on_it(upgraded: Stage) -> None:
    with on_terminal(upgraded, NO_COLOR="1") as terminal:
        pass
    assert terminal.drawn
    assert_undisturbed(terminal)


def test_there_is_none_where_the_log_for_people_goes_to_no_terminal(upgraded: Stage) -> None:
    with upgraded.start(HEADSTART_LOG_FORMAT="console", TERM="xterm") as run:
        assert run.process.wait(30) == 0
        assert "[1/2] 0004  " in run.stderr
        assert "\x1b[K" not in run.stderr


def test_a_terminal_that_nobody_reads_keeps_no_revision_waiting(upgraded: Stage) -> None:
    """Its buffer is full of the log by then; that line costs 5 s once, as in any pipe."""
    upgraded.project.add("0004", "0003", "for i in range(300):\n    print('x' * 300)\n" + SLEEP)
    terminal = Terminal(80, is_read=False)
    env = {"DATABASE_URL": upgraded.database.url, "HEADSTART_ALEMBIC_INI": upgraded.project.ini}
    with start_on_terminal(env=env, terminal=terminal) as process:
        until(lambda: upgraded.rows() == ["0005"], "the end of the work", 40)
        assert process.wait(20) == 0


def test_a_failed_revision_leaves_no_line_behind(upgraded: Stage) -> None:
    upgraded.project.add("0004", "0003", SLEEP + "\nraise RuntimeError('no')")
    terminal = Terminal(80)
    env = {"DATABASE_URL": upgraded.database.url, "HEADSTART_ALEMBIC_INI": upgraded.project.ini}
    with start_on_terminal(env=env, terminal=terminal) as process:
        assert process.wait(30) == 21
        until(lambda: LAST.search(terminal.printed), "the last line")
        assert terminal.drawn
        until(lambda: not any(map(LINE.match, terminal.screen)), "no line")


def test_who_watches_stdout_alone_sees_how_it_ends_there(upgraded: Stage) -> None:
    """As in `headstart 2> run.json`: the log stays JSON to its last line."""
    terminal = Terminal(80)
    env = {"DATABASE_URL": upgraded.database.url, "HEADSTART_ALEMBIC_INI": upgraded.project.ini}
    for what in ("ready: upgraded, 2 revisions to 0005", "ready: nothing_to_do, at 0005"):
        log = run_printing_on_terminal(env=env, terminal=terminal)
        until(lambda what=what: what in terminal.printed, what)  # type: ignore[misc]
        *_, last = log.splitlines()
        assert json.loads(last)["event"] == "run_finished"
    os.close(terminal.follower)
    terminal.close()
