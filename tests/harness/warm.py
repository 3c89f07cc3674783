"""headstart or alembic, forked from a warm interpreter: the same process at a third of its cost.

A run of a test's takes nearly half a second of CPU to import SQLAlchemy, Alembic and headstart,
some thousand times over. HEADSTART_TEST_COLD=1 starts each process anew, as the suites in
containers always do.
"""

import array
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from tests.harness.env_runs import AUDIT
from tests.harness.environment import ROOT, clean_environ

COLD = "HEADSTART_TEST_COLD"
_PROGRAM = Path(__file__).with_name("warm_server.py")
_AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_", "LD_")
"""Variables that an interpreter reads once, as it starts."""


def is_alike(environ: Mapping[str, str]) -> bool:
    """Whether an interpreter that was started in the clean environment is as one in this."""
    clean = clean_environ()
    known = {("PYTHONSAFEPATH", "1"), ("PYTHONPATH", str(AUDIT))}  # as warm_server.py has it
    asked = {pair for pair in environ.items() if pair[0].startswith(_AT_START)}
    ours = {pair for pair in clean.items() if pair[0].startswith(_AT_START)}
    return os.environ.get(COLD) is None and ours == asked - known


class Forked:
    """A process that the warm interpreter has forked; as subprocess.Popen has it.

    `argv` is as the program sees it: `headstart`, or alembic by its path, and the arguments.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        streams: Sequence[int | IO[Any]],
    ) -> None:
        self.returncode: int | None = None
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(_server())
        request = {"argv": list(argv), "environ": dict(environ), "cwd": str(cwd)}
        text = json.dumps(request).encode() + b"\n"
        numbers = [each if isinstance(each, int) else each.fileno() for each in streams]
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", numbers))]
        sent = self._server.sendmsg([text], rights)
        self._server.sendall(text[sent:])
        self.pid = self._answer()

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"headstart, process {self.pid}", timeout or 0)
        return status

    def send_signal(self, signum: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # ended meanwhile
                os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._server], [], [], timeout)[0]:
            self.returncode = self._answer()
            self._server.close()
        return self.returncode

    def _answer(self) -> int:
        """One line, and no byte of the next one, for which somebody may wait."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self._server.recv(1)
            assert byte, "the warm interpreter is gone"
            line += byte
        return int(line)


@lru_cache(maxsize=1)
def _server() -> str:
    """The socket of this process's warm interpreter, which ends with it."""
    folder = tempfile.TemporaryDirectory(prefix="headstart-warm-")
    path = f"{folder.name}/socket"
    started = subprocess.Popen(
        [sys.executable, _PROGRAM, path],
        cwd=ROOT,
        env=clean_environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"ready\n"

    def end() -> None:
        assert started.stdin is not None
        started.stdin.close()
        started.wait()
        folder.cleanup()

    atexit.register(end)
    return path
