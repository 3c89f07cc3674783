"""Containers of the image under test: started with the options of a careful user, and looked at."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.servers.containers import LABEL, LIFETIME_SECONDS, docker

Event = dict[str, Any]

HARDENED = (
    "--read-only",
    "--user=12345",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)
END_SECONDS = 90


@dataclass(frozen=True)
class Job:
    """A container that runs once; everything is read from the engine."""

    identifier: str

    def start(self) -> None:
        """Start it, or start it again after it has ended."""
        docker("start", self.identifier)

    def end(self) -> int:
        """Wait until it has ended; the exit code is the one that the engine has on record."""
        docker("wait", self.identifier, timeout_seconds=END_SECONDS)
        return int(docker("inspect", "--format={{.State.ExitCode}}", self.identifier))

    def log(self) -> str:
        """What it has written to stdout and stderr, in all of its starts."""
        return docker("logs", self.identifier)

    def events(self) -> list[Event]:
        """The events of its log so far, a line each."""
        return events_of(self.log())

    def verdict(self) -> Event:
        """The last line of its log."""
        last = self.events()[-1]
        assert last["event"] == "run_finished", last
        return last

    def await_event(self, name: str, seconds: float = 30) -> Event:
        """Wait until it says an event."""
        deadline = time.monotonic() + seconds
        while True:
            found = next((event for event in self.events() if event["event"] == name), None)
            if found is not None:
                return found
            assert time.monotonic() < deadline, f"no {name} in {self.log()}"
            time.sleep(0.1)


def events_of(log: str) -> list[Event]:
    """The events of a log; compose writes a terminal's control sequence before each of them."""
    lines = (line.removeprefix("\x1b[2K") for line in log.splitlines())
    return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def job(
    image: str,
    *command: str,
    options: Sequence[str] = HARDENED,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Job]:
    """A container for the length of the block; it is not started yet."""
    label = f"--label={LABEL}={time.time() + LIFETIME_SECONDS:.0f}"
    variables = [f"--env={name}={value}" for name, value in (environment or {}).items()]
    identifier = docker("create", label, *options, *variables, image, *command)
    try:
        yield Job(identifier)
    finally:
        docker("rm", "--force", "--volumes", identifier)


@dataclass(frozen=True)
class Ended:
    """How a container that ran to its end has ended."""

    code: int
    log: str

    @property
    def verdict(self) -> Event:
        """The last line of its log; its exit code must be that of the container."""
        last = events_of(self.log)[-1]
        assert last["event"] == "run_finished", last
        assert last["exit_code"] == self.code, last
        return last

    @property
    def outcome(self) -> str:
        """The slug."""
        return str(self.verdict["outcome"])


def run_job(
    image: str,
    *command: str,
    options: Sequence[str] = HARDENED,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a container to its end."""
    with job(image, *command, options=options, environment=environment) as started:
        started.start()
        code = started.end()
        return Ended(code, started.log())
