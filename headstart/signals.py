"""SIGTERM and SIGINT end the run at once: waits, sleeps, and the statement that is running.

Python runs a handler between two bytecodes only, and libpq blocks in C. So the C-level handler's
wake-up byte goes to a thread, which cancels the running statement on the server (the driver's
cancel() is thread-safe and needs no privilege); the handler itself raises Cancelled in the main
thread. A second signal ends the process on the spot. Nothing here logs.
"""

import os
import select
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from headstart.errors import Cancelled

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
_REPEAT_SECONDS = 0.25
"""A cancel that arrives just before the statement does is lost, so it is repeated."""


class Signals:
    """The signals of one run. Made by catch_signals()."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._armed = True
        self._raised = False
        self._noted = False
        self._ends_by_alarm = False
        self._cancel: Callable[[], None] | None = None

    def register_cancel(self, cancel: Callable[[], None]) -> None:
        """What cancels the statement that is running now, from another thread."""
        self._cancel = cancel

    def raise_if_received(self) -> None:
        """Raise Cancelled again, in case somebody swallowed it."""
        if self.received is not None and self._armed:
            raise Cancelled(self.received)

    def end_after(self, seconds: float) -> None:
        """Let the run end as if by SIGALRM after so many seconds."""
        self._ends_by_alarm = True
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))

    def disarm(self) -> None:
        """From here on nothing is interrupted: the run is being concluded."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._armed = False

    def handle(self, signum: int, _: FrameType | None) -> None:
        """The Python-level handler, in the main thread."""
        if signum == signal.SIGALRM and not self._ends_by_alarm:
            return  # an alarm of a script's own
        if self._armed and not self._raised:
            self._raised = True
            self.received = self.received or signum
            raise Cancelled(self.received)

    def watch(self, wake: socket.socket) -> None:
        """The thread: note the first signal, cancel until the run is over, end at the second."""
        while True:
            pause = _REPEAT_SECONDS if self.received and self._armed else None
            if select.select([wake], [], [], pause)[0]:
                arrived = wake.recv(64)
                if not arrived:
                    return
                for signum in arrived:
                    self._note(signum)
            if self.received and self._armed and self._cancel:
                with suppress(Exception):  # the connection may be gone; the run ends anyway
                    self._cancel()

    def _note(self, signum: int) -> None:
        if signum not in _ENDING or (signum == signal.SIGALRM and not self._ends_by_alarm):
            return
        if self._noted and signum != signal.SIGALRM:
            os._exit(128 + signum)
        self._noted = True
        self.received = self.received or signum

    def install(self) -> None:
        """Be the handler of the ending signals; again after scripts, which may set their own.

        Python allows that in the main thread only; an env.py may run its revisions in another.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for signum in _ENDING:
            if signal.getsignal(signum) != self.handle:
                signal.signal(signum, self.handle)


def catch_signals() -> Signals:
    """Catch the ending signals until the process ends; main thread only.

    They stay caught after the verdict: a late one must not give the process another exit code.
    """
    signals = Signals()
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signals.install()
    signal.set_wakeup_fd(wake.detach(), warn_on_full_buffer=False)
    threading.Thread(target=signals.watch, args=(woken,), name="signals", daemon=True).start()
    return signals
