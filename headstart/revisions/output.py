"""Turn what env.py, scripts and libraries print and log into events.

Our own log writes to the stream it was given at the start, so that neither fileConfig, nor
basicConfig, nor a print can break its last line.
"""

import io
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO

from headstart.verdict.events.event import Emit, Event
from headstart.verdict.events.execution import LibraryLogged, OutputPrinted

LONGEST_LINE = 1 << 20
"""Characters of one printed line; the log cuts it much earlier, but not through a secret."""
IsTold = Callable[[logging.LogRecord], bool]
"""Whether a log record is worth telling."""

_FOREIGN_LOGGERS = ("alembic", "sqlalchemy")


class EventWriter(io.TextIOBase):
    """A text stream that emits each line as an event, also of a progress bar.

    `below` is the stream that it stands in for.
    """

    def __init__(
        self, emit: Callable[[Event], None], source: str, below: TextIO | None = None
    ) -> None:
        super().__init__()
        self.below = below
        self._emit, self._source = emit, source
        self._process = os.getpid()
        self._rest: list[str] = []
        self._room = LONGEST_LINE

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def buffer(self) -> "BytesWriter":
        """Where a script writes bytes."""
        return BytesWriter(self)

    def write(self, text: str) -> int:
        *lines, rest = re.split(r"[\r\n]+", text)
        for line in lines:
            self._add(line)
            self.end()
        self._add(rest)
        return len(text)

    def end(self) -> None:
        """Emit what was written without a line's end."""
        line, self._rest, self._room = "".join(self._rest), [], LONGEST_LINE
        self._emit_line(line)

    def _add(self, part: str) -> None:
        """Keep a part of the line in hand; what is too long for any log is not kept at all."""
        if part and self._room > 0:
            self._rest.append(part[: self._room])
            self._room -= len(part)

    def _emit_line(self, line: str) -> None:
        if not line.strip():
            return
        if os.getpid() == self._process:
            self._emit(OutputPrinted(self._source, line))
        else:  # a forked child has no log: its line is an event of whoever reads its output
            _write_raw(1 if self._source == "stdout" else 2, line)


class BytesWriter(io.RawIOBase):
    """The binary side of an EventWriter."""

    def __init__(self, text: EventWriter) -> None:
        super().__init__()
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._text.write(bytes(data).decode(errors="backslashreplace"))
        return len(data)


class EventHandler(logging.Handler):
    """A logging handler that emits every record as an event."""

    def __init__(self, emit: Emit) -> None:
        super().__init__()
        self._emit = emit
        self._process = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 logging promises never to raise
            text = f"{record.msg} {record.args}"
        level = record.levelname.lower()
        if os.getpid() == self._process:
            self._emit(LibraryLogged(record.name, level, text))
        elif record.levelno >= logging.WARNING:
            _write_raw(2, f"{record.levelname}:{record.name}:{text}")


def _write_raw(descriptor: int, line: str) -> None:
    with suppress(OSError):
        os.write(descriptor, f"{line}\n".encode(errors="backslashreplace"))


@contextmanager
def captured_output(emit: Emit, is_told: IsTold = lambda _: True) -> Iterator[None]:
    """Catch stdout, stderr and logging for the length of the block; `is_told` of a log record."""
    stdout = EventWriter(emit, "stdout", sys.stdout)
    stderr = EventWriter(emit, "stderr", sys.stderr)
    root = logging.getLogger()
    before = list(root.handlers)
    try:
        with redirect_stdout(stdout), redirect_stderr(stderr):
            reclaim_logging(emit, is_told)
            yield
    finally:
        root.handlers[:] = before
        stdout.end()
        stderr.end()


def reclaim_logging(emit: Emit, is_told: IsTold = lambda _: True) -> None:
    """Take logging back from an env.py that configured it: fileConfig replaces every handler."""
    root, handler = logging.getLogger(), EventHandler(emit)
    handler.addFilter(is_told)
    root.handlers[:] = [handler]
    for name in _FOREIGN_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.disabled = False
        logger.propagate = True
        if not emit.wants_debug:  # one record a revision that nobody reads
            logger.setLevel(max(logger.getEffectiveLevel(), logging.WARNING))
