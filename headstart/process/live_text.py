"""What the line below the log says: of the revision that runs, or of a fleet. Pure.

Two examples, the first one at 43 columns:

    [3/12] create chunks: 14 s, 43.1 % (buildi
    fleet 312/1,000 done, 3 failed, 25/s, 27 s remaining, running: acme, globex
"""

import math
import unicodedata
from collections.abc import Iterator
from typing import Protocol

from headstart.facts.visible import one_line
from headstart.values import dataclass
from headstart.verdict.events.fleet import FleetProgress
from headstart.verdict.progress import Progress


class Shown(Protocol):
    """What can be shown."""

    def text(self, now: float) -> str:
        """What there is to say of it at a moment on time.monotonic()."""


@dataclass(frozen=True)
class Work:
    """The revision that runs, as console.py names it; since when (time.monotonic())."""

    title: str
    since: float
    progress: Progress | None = None

    def text(self, now: float) -> str:
        """How long it has run, and how far it is."""
        text = f"{self.title}: {int(now - self.since)} s"
        if self.progress is None:
            return text
        percent = "" if self.progress.percent is None else f"{self.progress.percent:.1f} % "
        return f"{text}, {percent}({self.progress.phase})"


@dataclass(frozen=True)
class FleetWork:
    """The targets at work, the oldest first; `is_ending`: no other one starts."""

    progress: FleetProgress
    names: tuple[str, ...]
    is_ending: bool = False

    def text(self, _: float) -> str:
        """How far the fleet is, and who is at work."""
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        progress = self.progress
        yield f"fleet {progress.done:,}/{progress.targets:,} done"
        if progress.failed:
            yield f"{progress.failed:,} failed"
        if progress.rate_per_second and not self.is_ending:
            yield _rate(progress.rate_per_second)
            if progress.remaining_seconds is not None:
                yield f"{_duration(progress.remaining_seconds)} remaining"
        yield f"{'ending' if self.is_ending else 'running'}: {', '.join(self.names)}"


def line_of(shown: Shown, now: float, columns: int) -> str:
    """The line, cut so that its end does not wrap: the last column stays free."""
    return _cut(one_line(shown.text(now)), columns - 1)


def _rate(per_second: float) -> str:
    if per_second >= 1:
        return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.1f}/s"
    return f"{per_second * 60:.1f}/min"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    minutes = seconds / 60
    return f"{math.ceil(minutes)} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _cut(text: str, columns: int) -> str:
    for index, character in enumerate(text):
        columns -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns < 0:
            return text[:index]
    return text
