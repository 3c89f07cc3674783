"""The example app as a process of its own: started, asked over HTTP, ended."""

import http.client
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from tests.harness.environment import ROOT, clean_environ
from tests.harness.program import Run, until
from tests.harness.result import Result
from tests.harness.server import free_port
from tests.harness.slow import run

APP = ROOT / "examples" / "minirag-app"
ALEMBIC_INI = str(ROOT / "alembic.ini.example")
REQUEST_SECONDS = 20
END_SECONDS = 10


@dataclass(frozen=True)
class Reply:
    """What the app answered."""

    status: int
    body: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body, where it is JSON."""
        return json.loads(self.body)


class App:
    """uvicorn with the app, from its first answer on; `environ` says where the database is."""

    def __init__(self, **environ: str) -> None:
        self.port = free_port()
        self._run = start_uvicorn(self.port, environ)

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self._run.stdout

    def get(self, path: str) -> Reply:
        """Send GET."""
        return self.send("GET", path)

    def post(self, path: str) -> Reply:
        """Send POST without a body."""
        return self.send("POST", path)

    def upload(self, path: str, content: bytes, name: str = "a.txt", kind: str = "") -> Reply:
        """Send a file as a form does; without `kind` it has no type of its own."""
        boundary = uuid4().hex
        disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        described = disposition + (f"Content-Type: {kind}\r\n" if kind else "")
        body = f"--{boundary}\r\n{described}\r\n".encode() + content
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.send("POST", path, body + f"\r\n--{boundary}--\r\n".encode(), headers)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask it to end, as Kubernetes does, and wait until it has."""
        self._run.process.terminate()
        self._run.end(END_SECONDS)

    def __enter__(self) -> Self:
        try:
            until(self._answers, "the app answers", REQUEST_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._run.__exit__()

    def _answers(self) -> bool:
        assert self._run.process.poll() is None, self.log
        try:
            return self.get("/health/live").status == 200
        except ConnectionError:
            return False


def start_uvicorn(port: int, environ: Mapping[str, str]) -> Run:
    """Start the app; all that it prints is its stdout."""
    given = {"PYTHONPATH": f"{APP}{os.pathsep}{ROOT}", "HEADSTART_ALEMBIC_INI": ALEMBIC_INI}
    command = [sys.executable, "-m", "uvicorn", "minirag.main:app", "--port", str(port)]
    return Run(command, clean_environ(**given) | dict(environ), merged=True)


def headstart(url: str, *arguments: str) -> Result:
    """Run headstart with the revisions of this repository."""
    return run(url, *arguments, HEADSTART_ALEMBIC_INI=ALEMBIC_INI)
