"""On a terminal a line below the log shows how far a fleet is, and which targets are at work."""

import re
import signal

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.server import Database
from tests.harness.terminal import Terminal, start_on_terminal
from tests.integration.fleets import SLEEPS, SchemaFleet, schema_fleet

pytestmark = ON_ONE_SERVER

NAMES = ("acme", "globex", "initech")
LINE = re.compile(r"fleet \d/3 done(, [\d.]+/(s|min), \d+ s remaining)?, running: [a-z, ]+")

LAST = re.compile(r"^ready: |^sigterm \(|fleet_finished", re.MULTILINE)


@pytest.fixture
def fleet(project: ProjectCopy, database: Database) -> SchemaFleet:
    """A fleet whose targets take their time."""
    project.add("0004", REVISIONS[-1], 'op.execute("SELECT pg_sleep(1.5)")')
    return schema_fleet(project, database, NAMES)


def on_terminal(fleet: SchemaFleet, *, signum: int = 0, **environ: str) -> tuple[Terminal, int]:
    """Run it to its end, or send it a signal once two targets are shown; the exit code, too."""
    terminal = Terminal(100)
    command = ("fleet", "run", "--jobs", "2")
    env = fleet._environ() | environ
    with start_on_terminal(*command, env=env, terminal=terminal) as process:
        if signum:
            until(lambda: "acme, globex" in "".join(terminal.drawn), "the line", 60)
            process.send_signal(signum)
        code = process.wait(60)
        until(lambda: LAST.search(terminal.printed), "the last line")
    return terminal, code


def test_it_shows_who_is_at_work_and_is_gone_in_the_end(fleet: SchemaFleet) -> None:
    terminal, code = on_terminal(fleet)
    assert code == 0
    assert "fleet 0/3 done, running: acme, globex" in terminal.drawn
    assert re.search(r"fleet [12]/3 done, .* remaining, running: .*initech", terminal.drawn[-1])
    assert all(map(LINE.fullmatch, terminal.drawn)), terminal.drawn
    assert sum(": upgraded in " in line for line in terminal.screen) == 3
    assert not any("running:" in line for line in terminal.screen)
    assert terminal.screen[-1] == ""


def test_after_a_signal_it_shows_who_is_waited_for(fleet: SchemaFleet) -> None:
    slow = f"try:\n    {SLEEPS}\nfinally:\n    __import__('time').sleep(2)"
    fleet.project.add("0004", REVISIONS[-1], slow)
    terminal, code = on_terminal(fleet, signum=signal.SIGTERM)
    assert code == 143
    assert "fleet 0/3 done, ending: acme, globex" in terminal.drawn
    assert "Traceback" not in terminal.printed


def test_where_the_log_is_for_programs_there_is_none(fleet: SchemaFleet) -> None:
    terminal, code = on_terminal(fleet, HEADSTART_LOG_FORMAT="json")
    assert code == 0
    assert "\x1b[K" not in terminal.printed
