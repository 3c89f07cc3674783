"""Containers of the image under test: started with the options of a careful user, and looked at."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.harness.program import until
from tests.harness.result import Event, Result, read_events, split_log
from tests.servers.containers import LABEL, LIFETIME_SECONDS, docker

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

    def end(self) -> Result:
        """Wait until it has ended; the exit code is the one that the engine has on record."""
        docker("wait", self.identifier, timeout_seconds=END_SECONDS)
        return self.result()

    def result(self) -> Result:
        """How it has ended, and what it has said in all of its starts."""
        code = docker("inspect", "--format={{.State.ExitCode}}", self.identifier)
        return Result(int(code), *split_log(self.log()))

    def log(self) -> str:
        """What it has written to stdout and stderr, in all of its starts."""
        return docker("logs", self.identifier)

    def await_event(self, name: str, seconds: float = 30) -> Event:
        """Wait until it says an event."""

        def found() -> Event | None:
            events = read_events(split_log(self.log())[1])
            return next((event for event in events if event["event"] == name), None)

        return until(found, f"{name} in {self.identifier}", seconds, pause=0.1)


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


def run_job(
    image: str,
    *command: str,
    options: Sequence[str] = HARDENED,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Run a container to its end."""
    with job(image, *command, options=options, environment=environment) as started:
        started.start()
        return started.end()
