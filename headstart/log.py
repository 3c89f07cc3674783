"""The log: structured events on stderr, JSON lines or a readable form on a terminal.

It writes to the stream it was given and takes no part in the standard library's logging, so that
an env.py which configures that cannot silence it. No secret passes through it.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from headstart.redaction import Secrets
from headstart.settings import LogFormat, LogLevel

_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
_EVENT_LEVELS = {
    "connection_failed": LogLevel.WARNING,
    "settings_warned": LogLevel.WARNING,
    "orphans_found": LogLevel.WARNING,
    "library_logged": LogLevel.DEBUG,
    "traceback_caught": LogLevel.DEBUG,
}
"""Events that are not of level info; the verdict is of none: it is always written."""

_FIRST_FIELDS = ("timestamp", "level", "event")


class Log:
    """Says events; an instance is the Say that the edges are given."""

    def __init__(self, form: LogFormat, level: LogLevel, secrets: Secrets, run_id: str) -> None:
        stream = sys.stderr
        self._all: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _masking(secrets),
                _renderer(form, stream),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        ).bind(run_id=run_id)
        self._lowest = _LEVELS[level]

    def __call__(self, event: str, /, **fields: object) -> None:
        level = _EVENT_LEVELS.get(event, LogLevel.INFO)
        if event == "library_logged" and fields.get("logged_level") in ("warning", "error"):
            level = LogLevel.WARNING
        if _LEVELS[level] >= self._lowest:
            self._all.log(_LEVELS[level], event, **fields)

    def conclude(self, event: str, fields: dict[str, object]) -> None:
        """Write the last line, whatever the level."""
        self._all.log(logging.ERROR if fields["exit_code"] else logging.INFO, event, **fields)


def _renderer(form: LogFormat, stream: TextIO) -> structlog.typing.Processor:
    if form is LogFormat.CONSOLE or (form is LogFormat.AUTO and stream.isatty()):
        return structlog.dev.ConsoleRenderer(colors=stream.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)


def _masking(secrets: Secrets) -> structlog.typing.Processor:
    def mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        ordered: dict[str, Any] = {**dict.fromkeys(_FIRST_FIELDS), **event}
        return secrets.mask_fields(ordered)

    return mask
