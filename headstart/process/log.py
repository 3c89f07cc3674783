"""The log: structured events on stderr, JSON lines or a readable form on a terminal.

It writes to the stream it was given and takes no part in the standard library's logging, so that
an env.py which configures that cannot silence it. No secret passes through it.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from headstart.facts.visible import json_text, lines_of, one_line
from headstart.process.redaction import Secrets
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.verdict.events.event import Event, Level
from headstart.verdict.events.execution import RunFinished


class Log:
    """Writes each event as a line; a sink of events."""

    def __init__(
        self, stream: TextIO, form: LogFormat, level: LogLevel, secrets: Secrets, run_id: str
    ) -> None:
        self._all: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[_completing(secrets), _renderer(form, stream)],
            wrapper_class=structlog.make_filtering_bound_logger(Level.DEBUG),
        ).bind(run_id=run_id)
        self._lowest = Level[level.name]
        self._stream, self._secrets = stream, secrets
        self._for_people = _is_for_people(form, stream)

    @property
    def wants_debug(self) -> bool:
        """Whether events of level debug are written."""
        return self._lowest <= Level.DEBUG

    def __call__(self, event: Event, /) -> None:
        level = event.logged_at
        if level is not None and level >= self._lowest:
            self._all.log(level, event.slug, **event.fields())

    def conclude(self, event: RunFinished) -> None:
        """Write the last line, whatever the level."""
        self._all.log(event.logged_at, event.slug, **event.fields())

    def explain(self, lines: Iterable[str]) -> None:
        """Write lines for people, before the last one; the JSON has them as fields."""
        if self._for_people:
            for line in lines:
                self._stream.write(f"{one_line(str(self._secrets.mask(line)))}\n")


def _is_for_people(form: LogFormat, stream: TextIO) -> bool:
    return form is LogFormat.CONSOLE or (form is LogFormat.AUTO and stream.isatty())


_SEVERAL_LINES = ("statement", "traceback")
"""Fields that people read line by line."""


def _renderer(form: LogFormat, stream: TextIO) -> structlog.typing.Processor:
    if not _is_for_people(form, stream):
        return lambda _, __, event: json_text(event)
    console = structlog.dev.ConsoleRenderer(colors=stream.isatty())

    def render(logger: Any, level: str, event: MutableMapping[str, Any]) -> str:
        below = [line for name in _SEVERAL_LINES for line in lines_of(event.pop(name, ""))]
        shown = {name: _shown(value) for name, value in event.items()}
        return "\n".join([console(logger, level, shown), *(f"    {line}" for line in below)])

    return render


def _shown(value: object) -> object:
    """A value as the console's renderer prints it, harmless."""
    if isinstance(value, str):
        return one_line(value)
    return value if isinstance(value, int | float | None) else one_line(repr(value))


def _completing(secrets: Secrets) -> structlog.typing.Processor:
    """One processor instead of three: two lines a revision are a part of what a run costs."""

    def complete(_: Any, level: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        ordered = {"timestamp": now, "level": level, "event": event.pop("event")}
        return secrets.mask_fields({**ordered, **event})

    return complete
