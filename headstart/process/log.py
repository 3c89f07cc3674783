"""The log: structured events on stderr, JSON lines or a readable form on a terminal.

It writes to the stream it was given and takes no part in the standard library's logging, so that
an env.py which configures that cannot silence it. No secret passes through it. console.py has the
words for people and is imported for them alone: a pod's log needs none of its time.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from headstart.facts.visible import json_text, one_line
from headstart.process.redaction import Secrets
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.verdict.events.event import Event, Level
from headstart.verdict.events.execution import LogLeftOut, RunFinished

if TYPE_CHECKING:
    from headstart.process.console import Console
    from headstart.process.live_line import LiveLine

_PATIENCE_SECONDS = 1.0
"""For whoever is writing as the last line comes; who reads it may be slow, or gone."""

_WORDS = {level: level.name.lower() for level in Level}

Render = Callable[[str, Mapping[str, Any]], str]
"""Makes a line, or several, of a level and the fields of an event; empty where it says nothing."""


class Log:
    """Writes each event as a line; a sink of events."""

    def __init__(
        self, stream: TextIO, form: LogFormat, level: LogLevel, secrets: Secrets, run_id: str
    ) -> None:
        self._lowest = Level[level.name]
        self._stream, self._secrets, self._run_id = stream, secrets, run_id
        self._writing, self._concluded = threading.Lock(), False
        self._left_out = 0
        for_people = form is LogFormat.CONSOLE or (form is LogFormat.AUTO and stream.isatty())
        self._console = self._words() if for_people else None
        self._render: Render = self._console or _json
        self._live = self._line_below() if for_people else None

    @property
    def wants_debug(self) -> bool:
        """Whether events of level debug are written."""
        return self._lowest <= Level.DEBUG

    @property
    def for_people(self) -> bool:
        """Whether people read it; else the verdict is a line of JSON."""
        return self._console is not None

    def _words(self) -> "Console":
        from headstart.process.console import Console

        return Console(self._stream, debug=self.wants_debug)

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

    def conclude(self, event: RunFinished, closing: Sequence[str] = ()) -> None:
        """Write the last words, whatever the level; what comes later is not written any more.

        People read the lines of `closing`, and programs the event.
        """
        free = self._writing.acquire(timeout=_PATIENCE_SECONDS)
        self._concluded = True
        if self._live is not None:
            self._live.hear(event)
        try:
            if self._console is None:
                self._write(event.logged_at, event)
            elif closing:
                lines = [one_line(str(self._secrets.mask(line))) for line in closing]
                failed = event.logged_at >= Level.ERROR
                self._put(self._console.closing(lines, failed=failed))
                self._stream.flush()
        finally:
            if free:
                self._writing.release()

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
        text = self._render(named, fields)
        if not text:
            return True
        is_taken = self._put(text)
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
