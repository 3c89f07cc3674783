"""What every test may ask for: a server of each version, a fresh database, headstart itself.

HEADSTART_TEST_DATABASE_URL names a server to use (as superuser) instead of those from the wheel.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg2.extensions import parse_dsn
from sqlalchemy import URL

from tests.postgres_server import PostgresServer, Rows, Server

GIVEN_URL = os.environ.get("HEADSTART_TEST_DATABASE_URL", "")
SERVERS = ["given"] if GIVEN_URL else ["pg16", "pg18"]
ON_ONE_SERVER = pytest.mark.parametrize("server", SERVERS[-1:], indirect=True, scope="session")
"""For rules in which the server's version has no part: settings, files, documents, an app."""
TIMEOUT_SECONDS = 60
Event = dict[str, Any]


@dataclass(frozen=True)
class Database:
    """A database of a test's own; everything here goes through a second connection."""

    server: Server
    name: str

    @property
    def parameters(self) -> dict[str, str]:
        """libpq's parameters, the password included."""
        return self.server.parameters(dbname=self.name)

    @property
    def url(self) -> str:
        """The URL as a user writes it."""
        return self.server.url(dbname=self.name)

    @property
    def sqlalchemy_url(self) -> str:
        """The URL as SQLAlchemy takes it."""
        given = self.parameters
        url = URL.create(
            "postgresql+psycopg2",
            given.get("user"),
            given.get("password"),
            given.get("host"),
            self.port,
            self.name,
        )
        return url.render_as_string(hide_password=False)

    @property
    def port(self) -> int:
        """The server's TCP port."""
        return int(self.parameters.get("port", "5432"))

    def query(self, sql: str) -> Rows:
        """Return the rows of a statement."""
        return self.server.execute(sql, dbname=self.name)

    def execute(self, sql: str) -> None:
        """Execute statements, each committed."""
        self.server.execute(sql, dbname=self.name)


@dataclass(frozen=True)
class Finished:
    """How a headstart process ended."""

    exit_code: int
    stdout: str
    stderr: str
    termination: str = ""
    """The termination message, where the test gave a file for it."""

    @property
    def events(self) -> list[Event]:
        """The log; a line that is no JSON fails the test."""
        return [json.loads(line) for line in self.stderr.splitlines()]

    @property
    def verdict(self) -> Event:
        """The last log line."""
        last = self.events[-1]
        assert last["event"] == "run_finished", last
        return last


RunHeadstart = Callable[..., Finished]
"""(*argv, env={...}, cwd=..., timeout=seconds) -> Finished"""
StartHeadstart = Callable[..., "subprocess.Popen[str]"]
"""(*argv, env={...}, cwd=...) -> Popen with stdout and stderr as text pipes"""


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The repository."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], Server]]:
    """Servers by name, each started when it is asked for first and stopped at the very end.

    Tests that run in parallel come in any order: a server a parameter would start anew each time.
    """
    with ExitStack() as running:

        @cache
        def named(name: str) -> Server:
            if name == "given":
                return Server(parse_dsn(GIVEN_URL))
            return running.enter_context(PostgresServer(int(name.removeprefix("pg"))))

        yield named


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Server:
    """A server of each version, or the one that was given."""
    return servers(request.param)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database, dropped afterwards together with whatever is still connected."""
    name = f"test_{uuid4().hex[:12]}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE template1")
    yield Database(server, name)
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def run_headstart(project_root: Path) -> RunHeadstart:
    """Run headstart to its end as a process of its own, in a clean environment."""

    def run(
        *argv: str,
        env: Mapping[str, str] | None = None,
        cwd: Path = project_root,
        timeout: float = TIMEOUT_SECONDS,
    ) -> Finished:
        given = {**clean_environ(), **(env or {})}
        done = subprocess.run(
            [sys.executable, "-m", "headstart", *argv],
            cwd=cwd,
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        log = cwd / given.get("HEADSTART_TERMINATION_LOG", "")
        message = log.read_text() if log.is_file() else ""
        return Finished(done.returncode, done.stdout, done.stderr, message)

    return run


@pytest.fixture
def start_headstart(project_root: Path) -> Iterator[StartHeadstart]:
    """Start headstart without waiting for it; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(
        *argv: str, env: Mapping[str, str] | None = None, cwd: Path = project_root
    ) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "headstart", *argv],
            cwd=cwd,
            env={**clean_environ(), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def clean_environ() -> dict[str, str]:
    """Return the environment without anything that points at a database or configures us."""
    ours = ("PG", "HEADSTART_", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"HEADSTART_LOG_FORMAT": "json"}
