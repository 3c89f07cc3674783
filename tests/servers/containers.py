"""Containers for tests, by the docker command: labeled, bounded in time, removed at the end.

Only containers with our own label are ever touched. They are reached on ports published on the
loopback interface, and reach each other by address: this needs no network of our own.
"""

import io
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import TimeoutExpired

import pytest

from tests.harness.program import run_tool

LABEL = "headstart.tests"
"""Its value is the moment, in seconds of the epoch, after which a leftover may be removed."""
LIFETIME_SECONDS = 3600
COMMAND_SECONDS = 60
PORT = 5432
_ADDRESS_AND_PORT = (
    "{{.NetworkSettings.IPAddress}}"
    f' {{{{(index (index .NetworkSettings.Ports "{PORT}/tcp") 0).HostPort}}}}'
)


class EngineFailed(Exception):
    """The docker command failed; the message is what it said."""


def docker(*arguments: str, stdin: bytes = b"", timeout_seconds: float = COMMAND_SECONDS) -> str:
    """Run the docker command and return its stdout."""
    try:
        merged = arguments[0] == "logs"
        done = run_tool("docker", *arguments, stdin=stdin, merged=merged, timeout=timeout_seconds)
    except (FileNotFoundError, TimeoutExpired) as error:
        raise EngineFailed(str(error)) from None
    if done.exit_code:
        raise EngineFailed(f"docker {arguments[0]}: {done.stderr or done.stdout}")
    return done.stdout.strip()


@dataclass(frozen=True)
class Container:
    """A running container: its port on the loopback interface, its address for containers."""

    identifier: str
    port: int
    address: str

    def run(self, *command: str) -> str:
        """Run a command in it and return its stdout."""
        return docker("exec", self.identifier, *command)

    def succeeds(self, *command: str) -> bool:
        """Run a command in it and tell whether it succeeded."""
        try:
            self.run(*command)
        except EngineFailed:
            return False
        return True

    def log(self) -> str:
        """What its main process has printed so far."""
        return docker("logs", self.identifier)


@contextmanager
def running(
    image: str,
    *command: str,
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    entrypoint: str | None = None,
) -> Iterator[Container]:
    """Run an image for the length of the block; `files` maps paths in it to their text."""
    options = [f"--label={LABEL}={time.time() + LIFETIME_SECONDS:.0f}"]
    options += [f"--publish=127.0.0.1::{PORT}"]
    options += [f"--env={name}={value}" for name, value in (environment or {}).items()]
    options += [f"--entrypoint={entrypoint}"] if entrypoint else []
    identifier = docker("create", *options, image, *command)
    try:
        if files:
            docker("cp", "-", f"{identifier}:/", stdin=_archive(files))
        docker("start", identifier)
        yield _look_up(identifier)
    finally:
        docker("rm", "--force", "--volumes", identifier)


def require_engine() -> None:
    """Fail where no engine answers."""
    try:
        docker("version")
    except EngineFailed as error:
        pytest.fail(f"these tests need Docker, which does not answer: {error}", pytrace=False)


def build(folder: str, name: str) -> None:
    """Build an image; the first time on a machine it downloads packages."""
    docker("build", "--tag", name, folder, timeout_seconds=600)


def remove_leftovers() -> None:
    """Remove containers that a killed test session left behind."""
    listed = docker(
        "ps", "--all", f"--filter=label={LABEL}", f'--format={{{{.ID}}}} {{{{.Label "{LABEL}"}}}}'
    )
    for identifier, until in map(str.split, listed.splitlines()):
        if float(until) < time.time():
            docker("rm", "--force", "--volumes", identifier)


def _look_up(identifier: str) -> Container:
    address, port = docker("inspect", f"--format={_ADDRESS_AND_PORT}", identifier).split()
    return Container(identifier, int(port), address)


def _archive(files: Mapping[str, str]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mode, entry.size = 0o755, len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return written.getvalue()
