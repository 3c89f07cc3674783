"""Have the locks of a revision read just before its COMMIT, and tell for how long they were held.

The server gives them back at the COMMIT and keeps no account of them. Another connection reads
them, so that the one that holds them has no round trip more. An example, in mode per_revision:

    start_revision()    the reader connects, if it has not yet: no lock is held as long as it does
    begun()             Alembic has begun the transaction: from here on there may be locks
    committing()        read: {"chunks": "AccessExclusive"}; then the COMMIT is sent
    take()              it has returned: they were held for as long as that, at most

Where the revision commits by itself in between, there are several such stretches: the locks of all
of them, and the time of the longest. What ends a transaction unheard, on the driver's connection,
leaves nothing to be read.
"""

import time
from math import inf
from typing import Protocol

from headstart.verdict.held_locks import HeldLocks, Locks, strongest


class LockReader(Protocol):
    """Reads the locks of a backend, on a connection of its own. Nothing of it raises.

    A transaction that has lasted less than `least_seconds` is not asked about.
    """

    least_seconds: float

    def open(self) -> None:
        """Connect, where that has not been tried yet."""

    def read(self, process: int) -> Locks | None:
        """The locks that this process holds; None where nobody answers."""


class NoLockReader:
    """Where nobody asks: a scratch database, say."""

    least_seconds = inf

    def open(self) -> None:
        """Nothing to connect to."""

    def read(self, _: int) -> Locks | None:
        """Nobody answers."""
        return None


class LockWatch:
    """The locks of what runs now, until it is taken; moments on time.monotonic()."""

    def __init__(self, reader: LockReader) -> None:
        self._reader = reader
        self._working = False
        self._since: float | None = None
        self._forget()

    def _forget(self) -> None:
        self._ends: float | None = None
        self._locks: Locks | None = None
        self._seconds, self._is_whole = 0.0, True
        self._is_asked = False

    def start_revision(self) -> None:
        """A revision starts, perhaps in a transaction that has had others, whose locks it keeps."""
        self._reader.open()
        self._working = True
        if self._since is None:
            self._since = time.monotonic()

    def begun(self, *, autocommit: bool) -> None:
        """A transaction has begun, or an autocommit block, whose locks nobody sees."""
        self.ended()
        if self._working:
            self._since = None if autocommit else time.monotonic()
            if autocommit:
                self._is_asked, self._is_whole = True, False

    def committing(self, process: int | None) -> None:
        """The transaction is about to be committed: read what it holds."""
        if self._since is None:
            return
        if time.monotonic() - self._since < self._reader.least_seconds:
            self._since, self._is_whole = None, False
            return
        self._is_asked = True
        locks = self._reader.read(process) if process is not None else None
        if locks is None:
            self._is_whole = False
        else:
            self._locks = strongest(self._locks or {}, locks)
        self._ends, self._since = self._since, None

    def ended(self, *, goes_on: bool = False) -> None:
        """The COMMIT has returned; `goes_on`: what follows is in a transaction that nobody hears.

        Such a one follows a COMMIT in the text of a statement.
        """
        if self._ends is None:
            return
        now = time.monotonic()
        self._seconds, self._ends = max(self._seconds, now - self._ends), None
        self._since = now if goes_on else None

    def take(self) -> HeldLocks | None:
        """What was held by all that was committed since this was asked last.

        None where all of it was too short to ask.
        """
        self.ended()
        held = HeldLocks(self._locks, self._seconds, self._is_whole) if self._is_asked else None
        self._working, self._since = False, None
        self._forget()
        return held
