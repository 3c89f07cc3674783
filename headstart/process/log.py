"""The log: structured events on stderr, JSON lines or a readable form on a terminal.

It writes to the stream it was given and takes no part in the standard library's logging, so that
an env.py which configures that cannot silence it. No secret passes through it. structlog draws what
people read and is imported for them alone: a pod's log needs none of its time.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from headstart.facts.visible import json_text, lines_of, one_line
from headstart.process.redaction import Secrets
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.verdict.events.event import Event, Level
from headstart.verdict.events.execution import LogLeftOut, RunFinished

if TYPE_CHECKING:
    from headstart.process.live_line import LiveLine

_PATIENCE_SECONDS = 1.0
"""For whoever is writing as the last line comes; who reads it may be slow, or gone."""

_WORDS = {level: level.name.lower() for level in Level}

Render = Callable[[str, Mapping[str, Any]], str]
"""Makes a line, or several, of a level and the fields of an event."""


class Log:
    """Writes each event as a line; a sink of events."""

    def __init__(
        self, stream: TextIO, form: LogFormat, level: LogLevel, secrets: Secrets, run_id: str
    ) -> None:
        self._lowest = Level[level.name]
        self._stream, self._secrets, self._run_id = stream, secrets, run_id
        self._writing, self._concluded = threading.Lock(), False
        self._left_out = 0
        self._for_people = form is LogFormat.CONSOLE or (form is LogFormat.AUTO and stream.isatty())
        self._render = _console(stream) if self._for_people else _json
        self._live = self._line_below() if self._for_people else None

    @property
    def wants_debug(self) -> bool:
        """Whether events of level debug are written."""
        return self._lowest <= Level.DEBUG

    def _line_below(self) -> "LiveLine":
        from headstart.process.live_line import LiveLine

        return LiveLine(self._stream, self._writing, self._secrets.mask)

    def __call__(self, event: Event, /) -> None:
        if self._live is not None:
            self._live.hear(event)
        level = event.logged_at
        if level is not None and level >= self._lowest:
            with self._writing:
                if not self._concluded:
                    self._write(level, event)

    def conclude(self, event: RunFinished) -> None:
        """Write the last line, whatever the level; what comes later is not written any more."""
        free = self._writing.acquire(timeout=_PATIENCE_SECONDS)
        self._concluded = True
        if self._live is not None:
            self._live.hear(event)
        try:
            self._write(event.logged_at, event)
        finally:
            if free:
                self._writing.release()

    def explain(self, lines: Iterable[str]) -> None:
        """Write lines for people, before the last one; the JSON has them as fields."""
        if self._for_people:
            for line in lines:
                self._put(one_line(str(self._secrets.mask(line))))

    def _write(self, level: Level, event: Event) -> None:
        """Write a line, or count it where nobody reads; and before it, how many are missing."""
        if self._left_out:
            gap = LogLeftOut(self._left_out)
            if self._is_taken(gap.level, gap):
                self._left_out = 0
        if not self._is_taken(level, event):
            self._left_out += 1

    def _is_taken(self, level: Level, event: Event) -> bool:
        now = f"{datetime.now(UTC).isoformat(timespec='microseconds')[:-6]}Z"
        named = _WORDS[level]
        first = {"timestamp": now, "level": named, "event": event.slug, "run_id": self._run_id}
        fields = self._secrets.mask_fields({**first, **event.fields()})
        is_taken = self._put(self._render(named, fields))
        self._stream.flush()
        return is_taken

    def _put(self, text: str) -> bool:
        """Write lines, in the place of the one below them, and that one anew; whether they are."""
        erase = self._live.erasing() if self._live is not None else ""
        # one call: the heartbeat's thread writes, too
        taken = self._stream.write(f"{erase}{text}\n")
        if self._live is not None and erase:
            self._live.draw()
        return taken > 0


def _json(_: str, fields: Mapping[str, Any]) -> str:
    return json_text(fields)


_SEVERAL_LINES = ("statement", "traceback")
"""Fields that people read line by line."""


def _console(stream: TextIO) -> Render:
    from structlog.dev import ConsoleRenderer

    draw = ConsoleRenderer(colors=stream.isatty())

    def render(level: str, fields: Mapping[str, Any]) -> str:
        below = [line for name in _SEVERAL_LINES for line in lines_of(fields.get(name, ""))]
        shown = {
            name: _shown(value) for name, value in fields.items() if name not in _SEVERAL_LINES
        }
        return "\n".join([draw(None, level, shown), *(f"    {line}" for line in below)])

    return render


def _shown(value: object) -> object:
    """A value as the console's renderer prints it, harmless."""
    if isinstance(value, str):
        return one_line(value)
    return value if isinstance(value, int | float | None) else one_line(repr(value))
