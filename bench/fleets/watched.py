"""Run a command to its end, and see what it takes: CPU, memory, connections; on Linux.

The client's CPU is that of the process and of all that it has waited for; the server's that of all
its processes. Memory and connections are sampled: the server is asked five times a second.
"""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg2

from tests.harness.embedded import PostgresServer

_PAUSE = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_CLIENTS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Took:
    """What a command took: seconds, MiB, and connections at once."""

    wall: float
    client: float
    server: float
    parent: float
    whole: float
    connections: int


class Watch:
    """The most of what was seen of a process and its children."""

    def __init__(self, server: PostgresServer, process: int) -> None:
        self._server, self._process = server, process
        self._over = threading.Event()
        self.parent = self.whole = 0.0
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        with closing(psycopg2.connect(self._server.url())) as session:
            session.autocommit = True
            cursor = session.cursor()
            while not self._over.wait(_PAUSE):
                cursor.execute(_CLIENTS)
                (row,) = cursor.fetchall()
                self.connections = max(self.connections, row[0])
                self.parent = max(self.parent, _mebibytes(self._process, "status", "VmHWM:"))
                tree = [self._process, *_below(self._process)]
                proportional = (_mebibytes(each, "smaps_rollup", "Pss:") for each in tree)
                self.whole = max(self.whole, sum(proportional))


def watched(
    command: Sequence[str],
    server: PostgresServer,
    folder: Path,
    environ: Mapping[str, str],
    expected: int = 0,
) -> Took:
    """Run it in a folder. Raises SystemExit with the end of its log where it ends otherwise."""
    log = folder / "log"
    used, began = _server_seconds(server), time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environ), stdout=file, stderr=file, stdin=file
        )
    with Watch(server, process.pid) as watch:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expected:
        raise SystemExit(f"{command[0]}: {process.returncode}\n{log.read_text()[-3000:]}")
    return Took(
        wall,
        usage.ru_utime + usage.ru_stime,
        _server_seconds(server) - used,
        watch.parent,
        watch.whole,
        watch.connections,
    )


def _server_seconds(server: PostgresServer) -> float:
    """CPU that the server's processes have had: those that live, and those that have ended."""
    main = int((server.data / "postmaster.pid").read_text().split()[0])
    ticks = sum(_ticks(main))
    ticks += sum(_ticks(child)[0] for child in _below(main))
    return ticks / _TICKS


def _ticks(process: int) -> tuple[int, int]:
    """Of a process itself, and of those that it has waited for."""
    with suppress(OSError):
        fields = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
        user, system, waited_user, waited_system = map(int, fields[11:15])
        return user + system, waited_user + waited_system
    return 0, 0


def _below(process: int) -> Iterator[int]:
    with suppress(OSError):
        for file in (_PROC / str(process) / "task").glob("*/children"):
            for child in map(int, file.read_text().split()):
                yield child
                yield from _below(child)


def _mebibytes(process: int, file: str, field: str) -> float:
    with suppress(OSError):
        for line in (_PROC / str(process) / file).read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
    return 0.0
