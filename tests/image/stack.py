"""compose.yaml, or that of an example, as a user runs it: each stack a project of its own."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.harness.environment import ROOT
from tests.harness.program import Run, run_tool
from tests.harness.result import Event, Result, split_log
from tests.harness.server import free_port
from tests.image.jobs import Job
from tests.servers.containers import docker
from tests.servers.databases import PGBOUNCER_IMAGE

COMPOSE_SECONDS = 240
NEVER = "0001-01-01T00:00:00Z"
"""What the engine has as the start of a container that was not started."""


@dataclass(frozen=True)
class Stack:
    """One compose project: its name, the files it is made of, and the port of the app.

    `database` is the name of its database, and of the superuser there.
    """

    name: str
    files: tuple[Path, ...]
    port: int
    environ: dict[str, str]
    database: str

    def compose(self, *arguments: str) -> Result:
        """Run docker compose on it, to the end; both streams are its stdout."""
        command = self._command(*arguments)
        return run_tool(*command, env=self.environ, merged=True, timeout=COMPOSE_SECONDS)

    def up(self, *services: str) -> Result:
        """Bring it up, and wait until everything is healthy or something has failed."""
        return self.compose("up", "--wait", "--no-build", *services)

    @contextmanager
    def coming_up(self) -> Iterator[Callable[[], Result]]:
        """Bring it up while the block goes on; what is given waits for the end of that."""
        command = self._command("up", "--wait", "--no-build")
        with Run(command, os.environ | self.environ, merged=True) as started:
            yield lambda: started.end(COMPOSE_SECONDS)

    def _command(self, *arguments: str) -> list[str]:
        files = [f"--file={path}" for path in self.files]
        project = f"--project-name={self.name}"
        return ["docker", "compose", "--ansi=never", project, *files, *arguments]

    def must(self, *arguments: str) -> str:
        """Run docker compose where it has to succeed; what it said."""
        done = self.compose(*arguments)
        assert done.exit_code == 0, done.stdout
        return done.stdout

    def container(self, service: str) -> Job:
        """The container of a service, ended or not."""
        listed = self.must("ps", "--all", "--quiet", service)
        return Job(listed.split()[0])

    def exit_code(self, service: str = "headstart") -> int:
        """The exit code that the engine has on record."""
        return self.container(service).result().exit_code

    def verdict(self) -> Event:
        """The last line of headstart's log, as compose shows it."""
        shown = self.must("logs", "--no-log-prefix", "headstart")
        return Result(self.exit_code(), *split_log(shown)).verdict

    def app_was_started(self) -> bool:
        """Whether the app's container was ever started."""
        identifier = self.container("app").identifier
        return docker("inspect", "--format={{.State.StartedAt}}", identifier) != NEVER

    def psql(self, sql: str) -> str:
        """Run SQL in the database's container, as its superuser."""
        return self.must(
            "exec", "--no-TTY", "db", "psql", f"--username={self.database}", "--no-align",
            "--tuples-only", "--set=ON_ERROR_STOP=1", f"--command={sql}", self.database,
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


@contextmanager
def stack(
    folder: Path,
    override: str = "",
    file: Path = ROOT / "compose.yaml",
    database: str = "minirag",
    /,
    **environ: str,
) -> Iterator[Stack]:
    """A stack for the length of the block; `override` is laid over compose.yaml, or `file`."""
    name = "headstart-" + re.sub(r"[^a-z0-9]", "", folder.name.lower())
    files = [file]
    if override:
        (folder / "override.yaml").write_text(override)
        files.append(folder / "override.yaml")
    port = free_port()
    own = {"MINIRAG_PORT": str(port), "PGBOUNCER_IMAGE": PGBOUNCER_IMAGE}
    made = Stack(name, tuple(files), port, own | environ, database)
    try:
        yield made
    finally:
        made.must("--profile=pgbouncer", "down", "--volumes", "--timeout=2", "--remove-orphans")
