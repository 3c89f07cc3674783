"""How a run of headstart ended, wherever it ran: a process, a container, a pod."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Event = dict[str, Any]
TERMINATION_BYTES = 2048


@dataclass(frozen=True)
class Result:
    """How a process ended, and all that it said; `verdict` and what follows are headstart's."""

    exit_code: int
    stdout: str
    stderr: str
    termination: str = ""
    """The termination message, where the test gave a file for it."""
    seconds: float = 0.0
    """What the caller waited for the end."""

    @cached_property
    def events(self) -> list[Event]:
        """The log; a line that is no event fails the test."""
        return read_events(self.stderr)

    @property
    def verdict(self) -> Event:
        """The last line of the log, after a look at whether the exit code is the verdict's."""
        last = last_event(self.events)
        assert last["exit_code"] == self.exit_code, (self.exit_code, last)
        return last

    @property
    def told(self) -> Event:
        """The verdict as the termination message has it, which Kubernetes would cut."""
        assert len(self.termination.encode()) <= TERMINATION_BYTES
        told: Event = json.loads(self.termination)
        assert told["exit_code"] == self.exit_code, (self.exit_code, told)
        return told

    @property
    def outcome(self) -> str:
        """The slug."""
        return str(self.verdict["outcome"])

    @property
    def applied(self) -> list[str]:
        """The revisions that the verdict says this run committed."""
        return [step["revision"] for step in self.verdict["applied"]]

    def causes(self) -> set[str]:
        """Why attempts to connect failed, where there was another after them."""
        return {event["cause"] for event in self.events if event["event"] == "connection_failed"}


def split_log(log: str) -> tuple[str, str]:
    """The answers and the events in a container's log, which has both streams as one.

    compose writes a terminal's control sequence before each line.
    """
    lines = [line.removeprefix("\x1b[2K") for line in log.splitlines(keepends=True)]
    events = [line.startswith("{") for line in lines]
    return (
        "".join(line for line, event in zip(lines, events, strict=True) if not event),
        "".join(line for line, event in zip(lines, events, strict=True) if event),
    )


def read_events(log: str) -> list[Event]:
    """The events of a log, a line each; nothing else may be in it."""
    try:
        return [json.loads(line) for line in log.splitlines()]
    except ValueError:
        raise AssertionError(f"not only events: {log}") from None


def last_event(events: list[Event]) -> Event:
    """The verdict, with which every log ends."""
    assert events, "it said nothing"
    assert events[-1]["event"] in ("run_finished", "fleet_finished"), events[-1]
    return events[-1]
