"""The nursery: a process that imports all that a run needs, and then forks one for each target.

It is forked before the main process has a thread, a connection, or a handler of its own, and never
gets one: what it forks is as clean as a process that was just started, at a tenth of its cost. They
speak over a Unix socket, in lines:

    main -> nursery   warm
    nursery -> main   warm                                        (once all is imported)
    main -> nursery   {"verb": "run", "environ": {"HEADSTART_X": "tenant=a"},
                       "table": ["a", "alembic_version", true]}
                      in one line, with the descriptor of a log
    nursery -> main   started 4711
    nursery -> main   ended 4711 0                                (a signal as -9)
    nursery -> main   failed [Errno 11] Resource temporarily unavailable

A child gets the log as stderr, nothing as stdin and stdout, and its own variables; then it is the
ordinary run, or check. If the main process goes, the children are asked to end as by SIGTERM, and
so they are by the kernel if the nursery goes.
"""

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from headstart.process.machine import end_process
from headstart.values import dataclass

Table = tuple[str, str, bool]
"""The schema and the name of a version table, and whether the schema is the target's own."""
Become = Callable[[str, Table | None], NoReturn]
"""Makes of a process the ordinary run or check, by the verb's name and its environment.

The table is that of a target which has one for itself among others in its database.
"""
Handlers = Mapping[int, Any]
"""A handler for each signal, as signal.signal() takes it."""


@dataclass(frozen=True)
class Asked:
    """A process that is asked for: the verb of a target, and what makes it that target's."""

    verb: str
    environ: Mapping[str, str | None]
    table: Table | None


WARM = "warm"
WARM_LINE = f"{WARM}\n".encode()
_CHUNK_BYTES = 1 << 16
ENDS_WITH_PARENT = sys.platform == "linux"
"""Whether the kernel sends the children SIGTERM when the nursery ends."""
_PR_SET_PDEATHSIG = 1
"""Of Linux' prctl.h: the signal that a process gets when its parent ends."""
_BROKEN = 70
"""Exit code of a child that did not come to be a run (EX_SOFTWARE of sysexits.h)."""


def serve(main: socket.socket, warm_up: Callable[[], None], become: Become) -> NoReturn:
    """Be the nursery, in a process that was just forked, until the main process is gone.

    `warm_up` imports what is the same for all targets, and starts no thread.
    """
    code = _BROKEN
    try:
        os.setsid()  # Ctrl-C is the main process's business, which passes it on
        handlers = _stand_alone()
        _Server(main, warm_up, become, handlers).serve()
        code = 0
    finally:
        end_process(code)


def _stand_alone() -> Handlers:
    """Let go of the terminal and the streams, and heed no signal: the main process decides.

    Gives the handlers of a process that was just started, for the children.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    if nothing > 2:
        os.close(nothing)
    defaults: Handlers = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
    }
    heeded = {each: defaults[each] for each in defaults if _is_heeded(each)}
    for each in heeded:
        signal.signal(each, signal.SIG_IGN)
    return heeded


def _is_heeded(signum: int) -> bool:
    return signal.getsignal(signum) is not signal.SIG_IGN


class _Server:
    def __init__(
        self,
        main: socket.socket,
        warm_up: Callable[[], None],
        become: Become,
        handlers: Handlers,
    ) -> None:
        self._main, self._become, self._handlers = main, become, handlers
        self._warm_up: Callable[[], None] | None = warm_up
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._children: set[int] = set()

    def serve(self) -> None:
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            ready, _, _ = select.select([self._main.fileno(), self._woken], [], [])
            if self._woken in ready:
                with suppress(BlockingIOError):
                    os.read(self._woken, _CHUNK_BYTES)
                self._tell_ended()
            if self._main.fileno() in ready and not self._fork_one():
                break
        for child in self._children:
            os.kill(child, signal.SIGTERM)
        while self._children:
            self._children.discard(os.wait()[0])

    def _fork_one(self) -> bool:
        """Fork what is asked for; whether the main process is still there."""
        request = _received(self._main)
        if request is None:
            return False
        if isinstance(request, str):
            self._be_warm()
            self._tell(request)
            return True
        asked, log = request
        self._be_warm()
        nursery = os.getpid()
        # one that comes before the child has its handlers waits for them
        signal.pthread_sigmask(signal.SIG_BLOCK, self._handlers)
        try:
            child = os.fork()
        except OSError as error:
            child = -1
            self._tell(f"failed {error}")
        if child == 0:
            _end_with_parent(nursery)
            self._be_child(asked, log)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._handlers)
        os.close(log)
        if child > 0:
            self._children.add(child)
            self._tell(f"started {child}")
        return True

    def _be_warm(self) -> None:
        """Import what all children need, once there is to be one: mostly, nothing is to be done."""
        if self._warm_up is not None:
            self._warm_up()
            self._warm_up = None
            gc.collect()
            gc.freeze()

    def _be_child(self, asked: Asked, log: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for signum, handler in self._handlers.items():
                signal.signal(signum, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            self._main.close()
            os.close(self._woken)
            os.close(self._wake)
            os.dup2(log, 2)
            os.close(log)
            for name, value in asked.environ.items():
                if value is not None:
                    os.environ[name] = value
                else:
                    os.environ.pop(name, None)
            sys.argv = [sys.argv[0], asked.verb]
            self._become(asked.verb, asked.table)
        except BaseException as error:  # noqa: BLE001 a child must never go on as its parent
            os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="backslashreplace"))
        finally:
            end_process(_BROKEN)

    def _tell_ended(self) -> None:
        while self._children:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            self._children.discard(child)
            self._tell(f"ended {child} {os.waitstatus_to_exitcode(status)}")

    def _tell(self, text: str) -> None:
        with suppress(OSError):  # the main process is gone, which the loop is told next
            self._main.sendall(f"{' '.join(text.split())}\n".encode(errors="backslashreplace"))


def _end_with_parent(nursery: int) -> None:
    """Have the kernel send SIGTERM when the nursery ends; it may have ended already."""
    if ENDS_WITH_PARENT:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != nursery:
        end_process(_BROKEN)


def _received(main: socket.socket) -> tuple[Asked, int] | str | None:
    """What the main process asks for: a process, or to be WARM; None where it is gone."""
    text, logs, _, _ = socket.recv_fds(main, _CHUNK_BYTES, 1)
    while text and not text.endswith(b"\n"):
        more = main.recv(_CHUNK_BYTES)
        if not more:
            return None
        text += more
    if text == WARM_LINE:
        return WARM
    if not text or not logs:
        return None
    asked = json.loads(text)
    table = asked["table"]
    named = table and (table[0], table[1], table[2])
    return Asked(asked["verb"], asked["environ"], named), logs[0]
