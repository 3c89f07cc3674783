"""What others write to the standard descriptors: libraries in C, child processes, os.write.

A thread reads it as it comes and emits it as events; the log has its own way out (streams.py).
"""

import codecs
import os
import select
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from headstart.command.streams import silence_descriptors
from headstart.process.machine import start_thread
from headstart.revisions.output import EventWriter
from headstart.verdict.errors import ServerFailed
from headstart.verdict.events.event import Event

_DRAIN_SECONDS = 1.0
"""What the reader gets to emit what is in the pipes; stderr's own reader may be slow or gone."""
_CHUNK_BYTES = 1 << 16


class ForeignOutput:
    """Reads the pipes until it is told to stop; `pipes` are their reading ends, by source.

    `unable`: why nobody reads them meanwhile; a run that may start others must not begin.
    """

    def __init__(self, pipes: Mapping[str, int], emit: Callable[[Event], None]) -> None:
        self._sources = {
            descriptor: _Source(EventWriter(emit, source)) for source, descriptor in pipes.items()
        }
        self._woken, self._wake = os.pipe()
        self._stopping = False
        self.unable: ServerFailed | None = None
        self._thread = threading.Thread(target=self._read, name="foreign output", daemon=True)
        try:
            start_thread(self._thread)
        except ServerFailed as error:
            self.unable = error

    def stop(self) -> None:
        """Emit what has been written so far, and let nothing more be written."""
        silence_descriptors()
        self._stopping = True
        os.write(self._wake, b"x")
        if self.unable:
            self._read()
        else:
            self._thread.join(_DRAIN_SECONDS)

    def _read(self) -> None:
        waiting = {self._woken, *self._sources}
        while True:
            # a child may hold its end for ever: at the end only what is there counts
            ready, _, _ = select.select(waiting, [], [], 0 if self._stopping else None)
            for descriptor in ready:
                if descriptor in self._sources and not self._sources[descriptor].take(descriptor):
                    waiting.discard(descriptor)  # nobody has the other end any more
            if self._stopping and not set(ready) - {self._woken}:
                break
        for source in self._sources.values():
            source.writer.end()


class _Source:
    """One pipe: bytes, of which a character may come in two parts."""

    def __init__(self, writer: EventWriter) -> None:
        self.writer = writer
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode

    def take(self, descriptor: int) -> bool:
        """Take over what is there; whether more may come."""
        data = b""
        with suppress(OSError):
            data = os.read(descriptor, _CHUNK_BYTES)
        self.writer.write(self._decode(data))
        return bool(data)
