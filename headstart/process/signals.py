"""SIGTERM, SIGINT and SIGHUP end the run at once: waits, sleeps, and the statement that is running.

Python runs a handler between two bytecodes only, and libpq blocks in C. So the C-level handler's
wake-up byte goes to a thread, which cancels the running statement on the server; the handler itself
raises Cancelled in the main thread. A server that does not answer would keep the main thread in C
all the same: after a while its connection is broken off, and at last the thread speaks the last
words in its place. A second signal ends the process on the spot, unless it comes with the first:
`timeout` sends two, and who signals all processes of a fleet signals a child twice. A run whose
lock is lost is ended the same way, but that its connections are broken off first. Nothing here
logs.

An example: SIGTERM while the main thread waits in libpq for a CREATE INDEX, and a server that has
stopped answering. There are three threads: main, "signals" (watch), and "cancel" for one attempt.

     0.0 s  signals   the wake-up byte arrives: _note, and _press begins
            cancel    asks the server to cancel; asked again every 0.25 s if that has returned
            main      still in C: handle() cannot run
     3.0 s  signals   BREAK_OFF_SECONDS: the sockets are shut down, and libpq returns with an error
            main      back in Python: handle() raises Cancelled, the run unwinds and reports: done
     6.0 s  signals   LAST_WORDS_SECONDS: if main is stuck in some other call in C, the verdict is
                      written from here, and the process ends with 143

With a server that answers, the second line ends it all: the statement fails within milliseconds.
"""

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from headstart.process.machine import end_process, start_thread
from headstart.verdict.errors import Cancelled, HeadstartError, ServerFailed

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP)
_MEANT: dict[int, int] = {signal.SIGHUP: signal.SIGTERM}
"""A terminal that is closed means what SIGTERM does."""
_REPEAT_SECONDS = 0.25
"""A cancel that arrives just before the statement does is lost, so it is repeated."""
BREAK_OFF_SECONDS = 3.0
"""What a cancelled statement has to end, before its connection is broken off."""
ONE_WISH_SECONDS = 0.25
"""Signals that come within this time of the first are the same wish as that one."""
LAST_WORDS_SECONDS = 6.0
"""What the run has to end in all; `docker stop` waits 10 s before it kills, a kubelet 30."""


class Signals:
    """The signals of one run. Made by catch_signals().

    `unable`: why nobody watches for them; such a run must not begin.
    """

    def __init__(self, one_wish_seconds: float = ONE_WISH_SECONDS) -> None:
        self._one_wish_seconds = one_wish_seconds
        self.received: int | None = None
        self.lost = False
        self.loss: HeadstartError | None = None
        self.unable: ServerFailed | None = None
        self._armed = True
        self._raised = False
        self._noted = False
        self._noted_at = 0.0
        self._ends_by_alarm = False
        self._cancel: Callable[[], None] | None = None
        self._cancelling: threading.Thread | None = None
        self._break_off: Callable[[], None] | None = None
        self._is_silent: Callable[[], bool] = lambda: False
        self._last_words: Callable[[], int] | None = None
        self._concluding = threading.Lock()
        self._forking = threading.local()

    def register_cancel(self, cancel: Callable[[], None]) -> None:
        """What cancels the statement that is running now; called from other threads."""
        self._cancel = cancel

    def register_break_off(self, break_off: Callable[[], None]) -> None:
        """What breaks off the connections on which a thread may be stuck; from other threads."""
        self._break_off = break_off

    def register_silence(self, is_silent: Callable[[], bool]) -> None:
        """What tells whether the database has stopped answering; asks nobody."""
        self._is_silent = is_silent

    @property
    def ending(self) -> bool:
        """Whether a signal, the deadline or a loss ends the run."""
        return self.received is not None or self.lost

    @property
    def silent(self) -> bool:
        """Whether the database has stopped answering."""
        return self.lost or self._is_silent()

    def lose(self, loss: HeadstartError | None) -> None:
        """End the run from another thread: the lock is lost, nobody answers, env.py does not end.

        `loss` tells the cause, where that is known.
        """
        self.loss, self.lost = loss, True
        try:
            start_thread(threading.Thread(target=self._press_lost, name="lost", daemon=True))
        except ServerFailed:  # whoever has noticed the loss has nothing else to do
            self._press_lost()

    def register_last_words(self, last_words: Callable[[], int]) -> None:
        """What concludes the run in place of a main thread that is stuck; gives the exit code."""
        self._last_words = last_words

    def raise_if_received(self) -> None:
        """Raise Cancelled again, in case somebody swallowed it."""
        if self.ending and self._armed:
            raise Cancelled(self.received or signal.SIGALRM)

    def end_after(self, seconds: float) -> None:
        """Let the run end as if by SIGALRM after so many seconds."""
        self._ends_by_alarm = True
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))

    def disarm(self) -> None:
        """From here on nothing is interrupted: the run is being concluded."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        with self._concluding:  # never given back where the last words were spoken meanwhile
            self._armed = False

    def handle(self, signum: int, _: FrameType | None) -> None:
        """The Python-level handler, in the main thread."""
        signum = _MEANT.get(signum, signum)
        if signum == signal.SIGALRM and not (self._ends_by_alarm or self.lost):
            return  # an alarm of a script's own
        if self._armed and not self._raised:
            self._raised = True
            if not self.lost:
                self.received = self.received or signum
            # wherever the main thread is; raised once, for a second one would hit the clean-up
            raise Cancelled(signum)

    def watch(self, wake: socket.socket) -> None:
        """The thread: note the first signal, press until the run is over, end at the second."""
        while True:
            pause = _REPEAT_SECONDS if self.received and self._armed else None
            if select.select([wake], [], [], pause)[0]:
                arrived = wake.recv(64)
                if not arrived:
                    return
                for signum in arrived:
                    self._note(signum)
            if self._noted and self._armed:
                self._press(time.monotonic() - self._noted_at)

    def _press(self, waited_seconds: float) -> None:
        """Cancel, then break off, then conclude in the main thread's place."""
        if self._cancel and not (self._cancelling and self._cancelling.is_alive()):
            # in a thread of its own: a server that does not answer keeps it, too
            self._cancelling = threading.Thread(
                target=_try, args=(self._cancel,), name="cancel", daemon=True
            )
            with suppress(ServerFailed):  # tried again; in the end the connection is broken off
                start_thread(self._cancelling)
        if waited_seconds > BREAK_OFF_SECONDS and self._break_off:
            _try(self._break_off)
        self._conclude_after(waited_seconds)

    def _press_lost(self) -> None:
        """Wake the main thread, and break off what it may be stuck in, until the run is over."""
        lost_at = time.monotonic()
        if signal.getsignal(signal.SIGALRM) == self.handle:  # a script may have put another there
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
        while self._armed:
            if self._break_off:
                _try(self._break_off)
            self._conclude_after(time.monotonic() - lost_at)
            time.sleep(_REPEAT_SECONDS)

    def _conclude_after(self, waited_seconds: float) -> None:
        if waited_seconds > LAST_WORDS_SECONDS and self._last_words:
            # held to the end: main, in disarm(), waits for it and cannot conclude a second time
            self._concluding.acquire()
            if self._armed:
                self._speak(self._last_words)
            self._concluding.release()

    def _speak(self, last_words: Callable[[], int]) -> NoReturn:
        code = 128 + (self.received or signal.SIGTERM)
        try:
            code = last_words()
        finally:  # without them too: the main thread must not be left waiting for this one
            end_process(code)

    def _note(self, signum: int) -> None:
        ends_by_alarm = self._ends_by_alarm and not self.lost
        signum = _MEANT.get(signum, signum)
        if signum not in _ENDING or (signum == signal.SIGALRM and not ends_by_alarm):
            return
        # an alarm after SIGTERM is our own deadline, not somebody's second wish
        if self._noted and signum != signal.SIGALRM:
            if time.monotonic() - self._noted_at > self._one_wish_seconds:
                end_process(128 + signum)
            return
        if not self._noted:
            self._noted_at = time.monotonic()
        self._noted = True
        self.received = self.received or signum

    def install(self) -> None:
        """Be the handler of the ending signals; again after scripts, which may set their own.

        Python allows that in the main thread only; an env.py may run its revisions in another.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        handle = self.handle
        for signum in _ENDING:
            current = signal.getsignal(signum)
            kept = signum == signal.SIGHUP and current == signal.SIG_IGN  # by nohup, say
            if current != handle and not kept:
                signal.signal(signum, handle)

    def before_fork(self) -> None:
        """Hold the signals back: until the child has forgotten us, its own would reach us."""
        self._forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def after_fork(self) -> None:
        """The parent goes on as it was."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._forking.mask)

    def forget(self) -> None:
        """In a process that a script has forked: its signals are its own, and none of ours."""
        self._armed = False
        signal.set_wakeup_fd(-1)
        defaults = {signal.SIGINT: signal.default_int_handler}
        for signum in _ENDING:
            if signal.getsignal(signum) == self.handle:
                signal.signal(signum, defaults.get(signum, signal.SIG_DFL))
        self.after_fork()


def _try(act: Callable[[], None]) -> None:
    with suppress(Exception):  # the connection may be gone; the run ends anyway
        act()


def catch_signals(one_wish_seconds: float = ONE_WISH_SECONDS) -> Signals:
    """Catch the ending signals until the process ends; main thread only.

    They stay caught after the verdict: a late one must not give the process another exit code.
    """
    signals = Signals(one_wish_seconds)
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signals.install()
    signal.set_wakeup_fd(wake.detach(), warn_on_full_buffer=False)
    watch = threading.Thread(target=signals.watch, args=(woken,), name="signals", daemon=True)
    try:
        start_thread(watch)
    except ServerFailed as error:
        signals.unable = error
    os.register_at_fork(
        before=signals.before_fork,
        after_in_parent=signals.after_fork,
        after_in_child=signals.forget,
    )
    return signals
