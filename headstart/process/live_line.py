"""The line below the log on a terminal: which revision runs, for how long, how far it is.

It is drawn over and over in one place, and gone before each line of the log and at the end. It must
not keep anybody waiting: it is written through a descriptor of its own that never blocks, and what
a terminal that is slow or stopped does not take is left out. An example, at 43 columns:

    [3/12] create chunks: 14 s, 43.1 % (buildi
"""

import os
import threading
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from headstart.facts.visible import one_line
from headstart.process.below import opened_anew
from headstart.process.console import title_of
from headstart.process.machine import start_thread
from headstart.values import dataclass
from headstart.verdict.errors import ServerFailed
from headstart.verdict.events.event import Event
from headstart.verdict.events.execution import RunFinished
from headstart.verdict.events.revisions import (
    ProgressSeen,
    RevisionApplied,
    RevisionReplayed,
    RevisionRunning,
    RevisionStarted,
)
from headstart.verdict.progress import Progress

_ERASE = "\r\x1b[K"
"""To the first column, and clear from there to the end of the line (ECMA-48, EL)."""
_TICK_SECONDS = 0.5
"""How often it is drawn; what is over before the first one is not shown at all."""
_USUAL_COLUMNS = 80


@dataclass(frozen=True)
class Work:
    """The revision that runs, as console.py names it; since when (time.monotonic())."""

    title: str
    since: float


def line_of(work: Work, progress: Progress | None, now: float, columns: int) -> str:
    """The line, cut so that its end does not wrap: the last column stays free."""
    text = f"{work.title}: {int(now - work.since)} s"
    if progress is not None:
        percent = "" if progress.percent is None else f"{progress.percent:.1f} % "
        text = f"{text}, {percent}({progress.phase})"
    return _cut(one_line(text), columns - 1)


def _cut(text: str, columns: int) -> str:
    for index, character in enumerate(text):
        columns -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns < 0:
            return text[:index]
    return text


class LiveLine:
    """The line on the terminal behind a stream; nothing where that is none, or cannot erase.

    `writing` is held by whoever writes to the stream; `mask` takes the secrets out of a text.
    """

    def __init__(
        self, stream: TextIO, writing: threading.Lock, mask: Callable[[str], object]
    ) -> None:
        self._stream, self._writing, self._mask = stream, writing, mask
        self._descriptor: int | None = None
        self._work: Work | None = None
        self._progress: Progress | None = None
        self._is_started = self._is_drawn = False
        self._ended = threading.Event()

    def hear(self, event: Event) -> None:
        """What an event changes in it is drawn with the next tick."""
        match event:
            case RevisionStarted():
                self._work, self._progress = Work(title_of(vars(event)), time.monotonic()), None
                self._start()
            case RevisionRunning(progress=progress) | ProgressSeen(progress=progress):
                self._progress = progress
            case RevisionApplied() | RevisionReplayed():
                self._work = None
            case RunFinished():
                self._work = None
                self._ended.set()

    def erasing(self) -> str:
        """What takes it away, in front of a line that comes in its place."""
        return _ERASE if self._is_drawn else ""

    def draw(self) -> None:
        """Draw it as it is now, or take it away where no revision runs."""
        work, descriptor = self._work, self._descriptor
        if descriptor is None or (work is None and not self._is_drawn):
            return
        columns = _columns_of(descriptor)
        line = line_of(work, self._progress, time.monotonic(), columns) if work else ""
        text = f"{_ERASE}{self._mask(line)}"
        with suppress(OSError):  # not read, or gone: the next one may be seen
            os.write(descriptor, text.encode(errors="backslashreplace"))
        self._is_drawn = work is not None

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
