"""What is seen of the waits for locks, and the end of a statement that waits for too long.

The server's lock_timeout is an error like any other: `EXCEPTION WHEN OTHERS`, in a function or a
trigger that no script shows, takes it for one, and so does a script that uses the driver by itself.
The revision goes on, and lacks what it did not get. So the thread that looks cancels the statement:
no such handler catches that, and here it is known. The server's own timeout is for when nobody can
look: it comes a second after the longest that any attempt waits. Where a statement could run into
it unseen, and could have caught it, the attempt counts as blocked.
"""

import re
import time
from collections.abc import Callable

from headstart.patterns import pattern
from headstart.postgres.waits import Sight, Wait

FIRST_SECONDS = 0.5
"""What a revision's first attempt waits for a lock, and a reader behind it at most."""
LATE_SECONDS = 1.0
"""How much later the server's own timeout is than the longest wait, and how old a look may be."""
_EARLY_SECONDS = 0.1
"""How much earlier the cancel is sent: to connect for it takes time, too."""
_LOOK_SECONDS = 0.1

Canceller = Callable[[], None]
Limit = Callable[[], float]

_SETS_LIMIT = pattern(r"\block_timeout\b", re.IGNORECASE)


def sets_limit(statement: str) -> bool:
    """Whether a statement sets a lock_timeout of its own."""
    return _SETS_LIMIT.search(statement) is not None


class LockWaits:
    """The waits of env.py's connections, as they were last seen.

    `waits` is for whom they wait in this transaction, `pausing` whether the run pauses until those
    are gone. `limit` gives after how many seconds of waiting a statement is cancelled from here; it
    is None if none is. `cancelled`: that has happened in this transaction. `unseen`: a statement of
    it may have run into the server's timeout, and caught it. `in_block`: in an autocommit block,
    nothing is cancelled.
    """

    def __init__(self) -> None:
        self.waits: tuple[Wait, ...] = ()
        self.pausing = False
        self.limit: Limit | None = None
        self.cancelled = self.in_block = self.unseen = False
        self.cancel: Canceller = lambda: None
        self._transactions: frozenset[str] = frozenset()
        self._seen_at = self._waiting_since = 0.0
        self._executing_since = self._asked_at = self._longest_unasked = 0.0

    def begins(self, *, autocommit: bool) -> None:
        """A transaction has begun, or a block: what was seen before is over."""
        self.waits, self.cancelled, self.in_block, self.unseen = (), False, autocommit, False
        self._waiting_since = 0.0

    def executing(self) -> None:
        """A statement is about to be sent."""
        self._executing_since, self._longest_unasked = time.monotonic(), 0.0

    def executed(self) -> float:
        """It is over; gives for how many seconds of it nobody has looked, at the longest."""
        self._note_unasked(time.monotonic())
        return self._longest_unasked

    def _note_unasked(self, now: float) -> None:
        since = max(self._executing_since, self._asked_at)
        self._longest_unasked = max(self._longest_unasked, now - since)

    def saw(self, sight: Sight, migrates: int | None, asked_at: float, *, at_work: bool) -> None:
        """Whom they wait for now; after a statement has given up, what was seen before stays.

        `asked_at` is when the server was asked, on time.monotonic().

        Only the process that `migrates` is canceled: a script's own connection has its own limits.
        """
        now = time.monotonic()
        if not sight.is_blind:
            self._note_unasked(now)
            self._asked_at = asked_at
        own = [wait.seconds for wait in sight.waits if wait.waiting == migrates]
        if not own:
            self._waiting_since = 0.0
        if sight.waits:
            self.waits, self._transactions, self._seen_at = sight.waits, sight.transactions, now
        elif at_work and not self.pausing:
            self.waits = ()
        if own:
            self._waiting_since = self._waiting_since or now - max(own)
            self._cancel_late(now)

    def was_in(self, transaction: str, within_seconds: float) -> bool:
        """Whether who waited a moment ago was in this transaction, by its identity."""
        return self._is_recent(within_seconds) and transaction in self._transactions

    def was_in_another(self, transaction: str, within_seconds: float) -> bool:
        """Whether who waited a moment ago was seen in other transactions than this one."""
        seen = self._is_recent(within_seconds) and bool(self._transactions)
        return seen and transaction not in self._transactions

    def _is_recent(self, within_seconds: float) -> bool:
        return bool(self.waits) and time.monotonic() - self._seen_at <= within_seconds

    def look_in(self, seconds: float) -> float:
        """In how many seconds to look again: no later than in `seconds`, nor than a cancel."""
        limit = self.limit  # read once: a revision that ends in the main thread takes it away
        if not self._waiting_since or limit is None:
            return seconds
        due = self._waiting_since + limit() - _EARLY_SECONDS - time.monotonic()
        return min(seconds, due) if due > 0 else _LOOK_SECONDS

    def _cancel_late(self, now: float) -> None:
        limit = self.limit  # as above
        if limit is None or self.in_block:
            return
        if now - self._waiting_since >= limit() - _EARLY_SECONDS:
            self.cancelled = True
            self.cancel()
