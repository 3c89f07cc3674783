"""The processes of the targets: started, listened to, told to end; each gives one TargetEnd.

A target has ended when the nursery says so and its log has been read; a script may have left a
process behind that holds the log open for ever. Where the nursery is gone, nobody says so: then the
end of the log does, or that there is no such process any more.
"""

import os
import selectors
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

from headstart.fleet.child_log import ChildLog
from headstart.fleet.link import Nursery, NurseryLost
from headstart.fleet.nursery import ENDS_WITH_PARENT, Asked, Table
from headstart.fleet.outcome import TargetEnd, ended_by, killed
from headstart.fleet.templates import Environment
from headstart.postgres.target import Target
from headstart.verdict.events.event import Emit

_CHUNK_BYTES = 1 << 16


class Worker:
    """A target's process; `started` is on time.monotonic()."""

    def __init__(self, target: str, process: int, log: int) -> None:
        self.target, self.process, self.log = target, process, log
        self.said = ChildLog(target)
        self.started = time.monotonic()

    def end(self, status: int, signalled: int | None) -> TargetEnd:
        """What it leaves: its verdict, or that it has none; `signalled` is what we have sent it."""
        if self.said.verdict is not None:
            return TargetEnd(self.target, self.said.verdict)
        seconds = time.monotonic() - self.started
        if signalled is not None and status != -signal.SIGKILL:
            return ended_by(self.target, signalled, seconds)
        return killed(self.target, max(0, -status), seconds, self.said.last)


class Crew:
    """The workers that run now, each of them a process for one verb: run, or check."""

    def __init__(self, nursery: Nursery, emit: Emit, verb: str) -> None:
        self._nursery, self._emit, self._verb = nursery, emit, verb
        self._workers: dict[int, Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(nursery, selectors.EVENT_READ)
        self._signalled: int | None = None
        self.is_lost = False
        """Whether the nursery is gone, so that no other target can start."""

    def is_warm(self) -> bool:
        """Whether processes can be started at once. Raises NurseryLost."""
        return self._nursery.is_warm()

    def start(self, target: str, environment: Environment, own_table: Target | None) -> None:
        """Start a target's process. Raises NurseryLost, ServerFailed and OSError."""
        table: Table | None = None
        if (own := own_table) is not None:
            table = own.schema, own.version_table, own.is_home
        log, writing = os.pipe()
        try:
            process = self._nursery.start(Asked(self._verb, environment, table), writing)
        except BaseException:
            os.close(log)
            raise
        finally:
            os.close(writing)
        os.set_blocking(log, False)
        worker = self._workers[process] = Worker(target, process, log)
        self._selector.register(log, selectors.EVENT_READ, worker)

    def listen(self, seconds: float) -> Iterator[TargetEnd]:
        """Pass on what the targets say, for so long at most; give those that have ended."""
        hears_ends = self._nursery.has_ended
        for key, _ in self._selector.select(0 if hears_ends else seconds):
            if isinstance(key.data, Worker):
                self._read(key.data)
            else:
                hears_ends = True
        if self.is_lost:
            yield from self._ended_unheard()
        elif hears_ends:
            yield from self._ended()

    def signal(self, signum: int) -> None:
        """Send all of them a signal."""
        self._signalled = signum if signum != signal.SIGKILL else self._signalled
        for process in self._workers:
            with suppress(ProcessLookupError):
                os.kill(process, signum)

    def kill(self) -> Iterator[TargetEnd]:
        """End those that are still there; give how they ended."""
        self.signal(signal.SIGKILL)
        for worker in list(self._workers.values()):
            yield self._dismiss(worker, -signal.SIGKILL)

    def _ended(self) -> Iterator[TargetEnd]:
        try:
            for each in self._nursery.ended():
                if worker := self._workers.get(each.process):
                    yield self._dismiss(worker, each.status)
        except NurseryLost:
            self.lose()

    def lose(self) -> None:
        """Let those that run end: the nursery is gone."""
        if not self.is_lost:
            self.is_lost = True
            self._selector.unregister(self._nursery)
            if not ENDS_WITH_PARENT:  # a second signal would end them on the spot
                self.signal(signal.SIGTERM)

    def _ended_unheard(self) -> Iterator[TargetEnd]:
        for worker in list(self._workers.values()):
            if worker.log not in self._selector.get_map() or not _is_there(worker.process):
                yield self._dismiss(worker, 0)

    def _dismiss(self, worker: Worker, status: int) -> TargetEnd:
        while self._read(worker):
            pass
        for event in worker.said.end():
            self._emit(event)
        del self._workers[worker.process]
        if worker.log in self._selector.get_map():
            self._selector.unregister(worker.log)
        os.close(worker.log)
        return worker.end(status, self._signalled)

    def _read(self, worker: Worker) -> bool:
        """Pass on what is there; whether there was anything."""
        try:
            octets = os.read(worker.log, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        for event in worker.said.take(octets):
            self._emit(event)
        if not octets and worker.log in self._selector.get_map():
            self._selector.unregister(worker.log)
        return bool(octets)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True
