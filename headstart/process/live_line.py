"""The line below the log on a terminal: what runs, for how long, how far it is (live_text.py).

It is drawn over and over in one place, and gone before each line of the log and at the end. It must
not keep anybody waiting: it is written through a descriptor of its own that never blocks, and what
a terminal that is slow or stopped does not take is left out.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from headstart.process.below import opened_anew
from headstart.process.console import title_of
from headstart.process.live_text import FleetWork, Shown, Work, line_of
from headstart.process.machine import start_thread
from headstart.values import replace
from headstart.verdict.errors import ServerFailed
from headstart.verdict.events.event import Event
from headstart.verdict.events.execution import RunFinished
from headstart.verdict.events.fleet import TargetsMoved
from headstart.verdict.events.revisions import (
    ProgressSeen,
    RevisionApplied,
    RevisionReplayed,
    RevisionRunning,
    RevisionStarted,
)

_ERASE = "\r\x1b[K"
"""To the first column, and clear from there to the end of the line (ECMA-48, EL)."""
_TICK_SECONDS = 0.5
"""How often it is drawn; what is over before the first one is not shown at all."""
_USUAL_COLUMNS = 80


class LiveLine:
    """The line on the terminal behind a stream; nothing where that is none, or cannot erase.

    `writing` is held by whoever writes to the stream; `mask` takes the secrets out of a text.
    """

    def __init__(
        self, stream: TextIO, writing: threading.Lock, mask: Callable[[str], object]
    ) -> None:
        self._stream, self._writing, self._mask = stream, writing, mask
        self._descriptor: int | None = None
        self._shown: Shown | None = None
        self._is_started = self._is_drawn = False
        self._ended = threading.Event()

    def hear(self, event: Event) -> None:
        """What an event changes in it is drawn with the next tick."""
        match event:
            case RevisionStarted():
                self._shown = Work(title_of(vars(event)), time.monotonic())
                self._start()
            case RevisionRunning(progress=progress) | ProgressSeen(progress=progress):
                if isinstance(self._shown, Work):
                    self._shown = replace(self._shown, progress=progress)
            case RevisionApplied() | RevisionReplayed():
                self._shown = None
            case TargetsMoved(names=()):
                self._shown = None
                with self._writing:  # at once: an answer may come next, past the log
                    self.draw()
            case TargetsMoved(progress=progress, names=names, is_ending=is_ending):
                self._shown = FleetWork(progress, names, is_ending)
                self._start()
            case RunFinished():
                self._shown = None
                self._ended.set()

    def erasing(self) -> str:
        """What takes it away, in front of a line that comes in its place."""
        return _ERASE if self._is_drawn else ""

    def draw(self) -> None:
        """Draw it as it is now, or take it away where nothing runs."""
        shown, descriptor = self._shown, self._descriptor
        if descriptor is None or (shown is None and not self._is_drawn):
            return
        columns = _columns_of(descriptor)
        line = line_of(shown, time.monotonic(), columns) if shown else ""
        text = f"{_ERASE}{self._mask(line)}"
        with suppress(OSError):  # not read, or gone: the next one may be seen
            os.write(descriptor, text.encode(errors="backslashreplace"))
        self._is_drawn = shown is not None

    def _start(self) -> None:
        if not self._is_started:
            self._is_started = True
            self._descriptor = _terminal_behind(self._stream)
            if self._descriptor is not None:
                ticking = threading.Thread(target=self._tick, name="live-line", daemon=True)
                with suppress(ServerFailed):  # the run can do without it
                    start_thread(ticking)

    def _tick(self) -> None:
        while not self._ended.wait(_TICK_SECONDS):
            # whoever writes a line of the log draws this one anew behind it
            if self._writing.acquire(blocking=False):
                try:
                    self.draw()
                finally:
                    self._writing.release()


def _columns_of(descriptor: int) -> int:
    """The width of the terminal, which may be another one each time."""
    with suppress(OSError):
        return os.get_terminal_size(descriptor).columns or _USUAL_COLUMNS
    return _USUAL_COLUMNS


def _terminal_behind(stream: TextIO) -> int | None:
    if not stream.isatty() or os.environ.get("TERM", "dumb") in ("", "dumb"):
        return None
    return opened_anew(stream.fileno())
