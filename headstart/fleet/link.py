"""The main process's end of the nursery: it asks for processes there, and hears of their ends."""

import json
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from headstart.fleet.nursery import WARM, WARM_LINE, Asked, Become, serve
from headstart.values import dataclass
from headstart.verdict.errors import ServerFailed

_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Ended:
    """A process that has ended; `status` is its exit code, or the signal that ended it as -9."""

    process: int
    status: int


class NurseryLost(Exception):
    """The nursery is gone: nobody forks any more, and nobody tells how a process ended."""


class Nursery:
    """The nursery as its parent sees it. Made before anything else: see nursery.py."""

    def __init__(self, process: int, own: socket.socket) -> None:
        self._process, self._own = process, own
        self._read = b""
        self._ended: list[Ended] = []
        self._is_asked = self._is_warm = False

    def fileno(self) -> int:
        """What to wait on for a process that has ended."""
        return self._own.fileno()

    def is_warm(self) -> bool:
        """Whether it has imported what all targets need; asks for that. Raises NurseryLost.

        Who waits for it listens: on a busy machine that takes seconds, in which a signal may come.
        """
        if not self._is_asked:
            self._is_asked = True
            try:
                self._own.sendall(WARM_LINE)
            except OSError as error:
                raise NurseryLost(str(error)) from None
        return self._is_warm

    def start(self, asked: Asked, log: int) -> int:
        """Start a target's process with `log` as its stderr; gives its number.

        Raises NurseryLost, and ServerFailed where the machine has no more processes.
        """
        text = json.dumps(vars(asked)).encode() + b"\n"
        try:
            sent = socket.send_fds(self._own, [text], [log])
            self._own.sendall(text[sent:])
        except OSError as error:
            raise NurseryLost(str(error)) from None
        while True:
            word, *rest = self._next_line().split(" ", 1)
            if word == "started":
                return int(rest[0])
            if word == "failed":
                raise ServerFailed(f"this machine gives no more processes: {' '.join(rest)}")

    def ended(self) -> list[Ended]:
        """The processes that have ended since; waits for one. Raises NurseryLost."""
        if not self._ended:
            self._next_line()
        while b"\n" in self._read:
            self._next_line()
        found, self._ended = self._ended, []
        return found

    @property
    def has_ended(self) -> bool:
        """Whether there is a process that has ended, which nobody has to be waited for."""
        return bool(self._ended)

    def end(self) -> None:
        """End it, once its children have ended: it has nothing to lose."""
        self._own.close()
        with suppress(OSError):
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)

    def _next_line(self) -> str:
        """The next line, and what it tells of an end noted."""
        while b"\n" not in self._read:
            try:
                more = self._own.recv(_CHUNK_BYTES)
            except OSError as error:
                raise NurseryLost(str(error)) from None
            if not more:
                raise NurseryLost("it has ended")
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        text = line.decode()
        if text.startswith("ended "):
            _, process, status = text.split()
            self._ended.append(Ended(int(process), int(status)))
        self._is_warm |= text == WARM
        return text


def fork_nursery(warm_up: Callable[[], None], become: Become) -> Nursery:
    """Fork the nursery, which warms up once it is asked. Raises OSError where there is no room.

    To be called while this process has one thread and no connection.
    """
    own, other = socket.socketpair()
    process = os.fork()
    if process == 0:
        own.close()
        serve(other, warm_up, become)
    other.close()
    return Nursery(process, own)
