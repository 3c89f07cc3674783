"""Write to a descriptor whose reader may be there and not read: nothing waits for it for ever.

A log driver that stands still, a pager, a full pipe: who writes would sleep in the kernel, with a
transaction open and the run lock held. So a pipe is written only where it has room, and in pieces
that fit; a terminal, which tells nobody how much room it has, is one that never blocks. What is
waited for in vain is left out whole; what has been begun is ended before the next line, however
late that is.
"""

import io
import os
import select
import time
from collections.abc import Callable
from typing import Any

_PIECE_BYTES = select.PIPE_BUF
"""What a pipe takes at once where poll() says that it can be written."""
_LOOK_SECONDS = 0.25
"""How often whoever waits asks whether to wait on."""
_FULL_SECONDS = 0.02
"""Until a terminal that takes nothing is tried again."""

Patience = Callable[[], float]
"""How many seconds to wait for the reader of one text, as of now."""


class PatientWriter(io.FileIO):
    """A descriptor, written as long as `patience` lasts; after that only what fits at once."""

    def __init__(self, descriptor: int, patience: Patience) -> None:
        super().__init__(descriptor, "w")
        self._patience = patience
        self._pending, self._at = b"", 0
        self._stalled = False
        self._room = select.poll()
        self._room.register(self.fileno(), select.POLLOUT)

    def be_patient(self, patience: Patience) -> None:
        """Wait so long from here on, even if nobody has read before."""
        self._patience, self._stalled = patience, False

    def forget(self) -> None:
        """Drop what is not written yet; in a forked child, since its parent writes it."""
        self._pending, self._at = b"", 0

    def write(self, data: Any, /) -> int:
        """Write all of it; 0 where nobody reads. What was begun counts as written."""
        waiting_since = time.monotonic()
        if not self._go_on(waiting_since):  # in the middle of an earlier one
            return 0
        self._pending, self._at = bytes(data), 0
        if self._go_on(waiting_since) or self._at:
            return len(self._pending)
        self._pending = b""
        return 0

    def _go_on(self, since: float) -> bool:
        """Write what is pending; whether all of it is written."""
        while self._at < len(self._pending):
            self._stalled = not self._write_some(since)
            if self._stalled:
                return False
        return True

    def _write_some(self, since: float) -> bool:
        """Write a piece, or a part of it; whether anything was taken in time."""
        while self._has_room(since):
            piece = self._pending[self._at : self._at + _PIECE_BYTES]
            # counted before: a signal's handler may raise behind the call, and not in front of it
            self._at += len(piece)
            taken = self._taken(piece)
            self._at -= len(piece) - taken
            if taken:
                return True
            if self._left(since) <= 0:
                return False
            time.sleep(_FULL_SECONDS)
        return False

    def _taken(self, piece: bytes) -> int:
        """How much is taken: a terminal that has room may have it for half a newline."""
        try:
            return os.write(self.fileno(), piece)
        except BlockingIOError:
            return 0

    def _has_room(self, since: float) -> bool:
        """Wait for the reader; once it has been waited for in vain, only ask."""
        while True:
            left = self._left(since)
            if self._room.poll(1000 * max(0.0, min(left, _LOOK_SECONDS))):
                return True  # or nobody is there any more, which to write will tell
            if left <= 0:
                return False

    def _left(self, since: float) -> float:
        return 0.0 if self._stalled else since + self._patience() - time.monotonic()
