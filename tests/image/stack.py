"""compose.yaml of this repository, as a user runs it: each stack a compose project of its own."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.harness.result import Event
from tests.harness.server import free_port
from tests.image.jobs import Job, events_of
from tests.servers.containers import docker
from tests.servers.databases import PGBOUNCER_IMAGE

ROOT = Path(__file__).parents[2]
COMPOSE_SECONDS = 240
NEVER = "0001-01-01T00:00:00Z"
"""What the engine has as the start of a container that was not started."""


@dataclass(frozen=True)
class Composed:
    """What a compose command said, and its exit code."""

    code: int
    output: str


@dataclass(frozen=True)
class Stack:
    """One compose project: its name, the files it is made of, and the port of the app."""

    name: str
    files: tuple[Path, ...]
    port: int
    environ: dict[str, str]

    def compose(self, *arguments: str) -> Composed:
        """Run docker compose on it, to the end."""
        files = [f"--file={path}" for path in self.files]
        done = subprocess.run(
            [
                "docker",
                "compose",
                "--ansi=never",
                f"--project-name={self.name}",
                *files,
                *arguments,
            ],
            env=os.environ | self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMPOSE_SECONDS,
            check=False,
        )
        return Composed(done.returncode, done.stdout)

    def up(self, *services: str) -> Composed:
        """Bring it up, and wait until everything is healthy or something has failed."""
        return self.compose("up", "--wait", "--no-build", *services)

    @contextmanager
    def coming_up(self) -> Iterator[Callable[[], Composed]]:
        """Bring it up while the block goes on; what is given waits for the end of that."""
        with self._started(("up", "--wait", "--no-build")) as process:
            yield lambda: _ended(process)

    def _started(self, arguments: tuple[str, ...]) -> "subprocess.Popen[str]":
        files = [f"--file={path}" for path in self.files]
        return subprocess.Popen(
            ["docker", "compose", f"--project-name={self.name}", *files, *arguments],
            env=os.environ | self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def must(self, *arguments: str) -> str:
        """Run docker compose where it has to succeed; what it said."""
        done = self.compose(*arguments)
        assert done.code == 0, done.output
        return done.output

    def container(self, service: str) -> Job:
        """The container of a service, ended or not."""
        listed = self.must("ps", "--all", "--quiet", service)
        return Job(listed.split()[0])

    def exit_code(self, service: str = "headstart") -> int:
        """The exit code that the engine has on record."""
        identifier = self.container(service).identifier
        return int(docker("inspect", "--format={{.State.ExitCode}}", identifier))

    def verdict(self) -> Event:
        """The last line of headstart's log, as compose shows it."""
        shown = self.must("logs", "--no-log-prefix", "headstart")
        last = events_of(shown)[-1]
        assert last["event"] == "run_finished", last
        return last

    def app_was_started(self) -> bool:
        """Whether the app's container was ever started."""
        identifier = self.container("app").identifier
        return docker("inspect", "--format={{.State.StartedAt}}", identifier) != NEVER

    def psql(self, sql: str) -> str:
        """Run SQL in the database's container, as its superuser."""
        return self.must(
            "exec", "--no-TTY", "db", "psql", "--username=minirag", "--no-align", "--tuples-only",
            "--set=ON_ERROR_STOP=1", f"--command={sql}", "minirag",
        ).strip()  # fmt: skip

    def get(self, path: str) -> Any:
        """What the app answers, as JSON."""
        return self._send(Request(self._url(path)))

    def post(self, path: str, body: bytes = b"", content_type: str = "application/json") -> Any:
        """What the app answers to a POST, as JSON."""
        headers = {"Content-Type": content_type}
        return self._send(Request(self._url(path), body, headers, method="POST"))

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _send(self, request: Request) -> Any:
        try:
            with urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise AssertionError(f"{request.full_url}: {error} {error.read()!r}") from None


def _ended(process: "subprocess.Popen[str]") -> Composed:
    try:
        output, _ = process.communicate(timeout=COMPOSE_SECONDS)
    finally:
        process.kill()
    return Composed(process.returncode, output)


@contextmanager
def stack(folder: Path, override: str = "", **environ: str) -> Iterator[Stack]:
    """A stack for the length of the block; `override` is laid over compose.yaml."""
    name = "headstart-" + re.sub(r"[^a-z0-9]", "", folder.name.lower())
    files = [ROOT / "compose.yaml"]
    if override:
        (folder / "override.yaml").write_text(override)
        files.append(folder / "override.yaml")
    port = free_port()
    own = {"MINIRAG_PORT": str(port), "PGBOUNCER_IMAGE": PGBOUNCER_IMAGE}
    made = Stack(name, tuple(files), port, own | environ)
    try:
        yield made
    finally:
        made.must("--profile=pgbouncer", "down", "--volumes", "--timeout=2", "--remove-orphans")
