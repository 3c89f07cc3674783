"""headstart as a process of its own, on the project tests/projects/slow: start, watch, end it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

ROOT = Path(__file__).parents[2]
SLOW = ROOT / "tests" / "projects" / "slow"
APPLIED = ["0001", "0002", "0003"]
"""Every revision of the slow project, in order."""

Event = dict[str, Any]
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class End:
    """How a run ended; `seconds` is what the caller waited for it."""

    code: int
    verdict: Event
    events: list[Event]
    seconds: float

    @property
    def outcome(self) -> str:
        """The slug, after a look at whether the exit code is the verdict's."""
        assert self.code == self.verdict["exit_code"], self.verdict
        return str(self.verdict["outcome"])

    @property
    def applied(self) -> list[str]:
        """The revisions that the verdict says this run committed."""
        return [step["revision"] for step in self.verdict["applied"]]

    def causes(self) -> set[str]:
        """Why attempts to connect failed, where there was another after them."""
        return {event["cause"] for event in self.events if event["event"] == "connection_failed"}


class Run:
    """A run in progress; its log goes to a file, so that nothing waits for a reader."""

    def __init__(self, url: str, *arguments: str, **environ: str) -> None:
        # read by its name: a descriptor that we share with it would move as it writes
        self._log = tempfile.NamedTemporaryFile(mode="a")  # noqa: SIM115  closed by __exit__
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headstart", *(arguments or ("run",))],
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env=_environ(url) | environ,
        )

    def events(self) -> list[Event]:
        """What it has said so far; an unfinished last line is left for later."""
        said = Path(self._log.name).read_text()
        try:
            return [json.loads(line) for line in said.splitlines(keepends=True) if line[-1] == "\n"]
        except ValueError:
            raise AssertionError(f"not only events: {said}") from None

    def await_event(self, name: str, seconds: float = 20, **fields: object) -> Event:
        """Wait until it says an event with these fields."""

        def found() -> Event | None:
            return next(
                (e for e in self.events() if e["event"] == name and fields.items() <= e.items()),
                None,
            )

        return until(found, f"{name} {fields} in {self.events()}", seconds)

    def end(self, seconds: float = 60) -> End:
        """Wait until it has ended; the last line of its log is the verdict."""
        started = time.monotonic()
        code = self.process.wait(seconds)
        events = self.events()
        assert events, "it said nothing"
        assert events[-1]["event"] == "run_finished", events[-1]
        return End(code, events[-1], events, time.monotonic() - started)

    def kill(self) -> None:
        """End it as the kernel does to a process that uses too much memory: with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._log.close()


def run(url: str, *arguments: str, **environ: str) -> End:
    """Run headstart to its end."""
    with Run(url, *arguments, **environ) as started:
        return started.end()


def until(look: Callable[[], Seen | None], what: str, seconds: float = 20) -> Seen:
    """Look until there is something to see; fail when there is nothing in time."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
    return seen


def _environ(url: str) -> dict[str, str]:
    """Only what a run needs: no PGHOST, no setting of the machine gets in."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": url,
        "HEADSTART_ALEMBIC_INI": str(SLOW / "alembic.ini"),
        "HEADSTART_LOG_FORMAT": "json",
    }
