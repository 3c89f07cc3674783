"""What is seen of the waits for locks, and the timeout of a statement that would swallow ours.

`DO ... EXCEPTION WHEN OTHERS` takes a lock timeout for an error like any other: the revision goes
on, and lacks what it did not get. Nothing but a cancel ends such a statement for good, so there the
server's lock_timeout is off, and the thread that looks cancels in its place.
"""

import re
import time
from collections.abc import Callable

from headstart.patterns import pattern
from headstart.postgres.waits import Sight, Wait

FIRST_SECONDS = 0.5
"""The lock_timeout of a revision's first attempt: what a reader waits for us at most, at first."""

Canceller = Callable[[], None]

_SWALLOWS = pattern(
    r"\bEXCEPTION\s+WHEN\b|^\s*(?:DO|CALL)\b|^\s*SELECT\s+(?!pg_catalog\.)[\w.\"]+\s*\(",
    re.IGNORECASE | re.DOTALL,
)
"""A statement that may have a handler, or that calls what may have one."""
_SETS_LIMIT = pattern(r"\block_timeout\b", re.IGNORECASE)


def may_swallow(statement: str) -> bool:
    """Whether a lock timeout in a statement may end in a handler of the server's functions."""
    return _SWALLOWS.search(statement) is not None


def sets_limit(statement: str) -> bool:
    """Whether a statement sets a lock_timeout of its own."""
    return _SETS_LIMIT.search(statement) is not None


class LockWaits:
    """The waits of env.py's connections, as they were last seen.

    `waits` is for whom they wait in this transaction, `pausing` whether the run pauses until those
    are gone. `cancels_after` is after how many seconds of waiting the statement is cancelled from
    here, None where the server ends it; `at_most` the same for what waits though the server should
    have ended it: a COMMIT of the script's own has taken its timeout. `cancelled`: that has
    happened. `has_waited`: they have been seen to wait in this transaction. `in_block`: in an
    autocommit block, nothing is cancelled.
    """

    def __init__(self) -> None:
        self.waits: tuple[Wait, ...] = ()
        self.pausing = False
        self.cancels_after: float | None = None
        self.at_most: float | None = None
        self.cancelled = self.has_waited = self.in_block = False
        self.cancel: Canceller = lambda: None
        self._transactions: frozenset[str] = frozenset()
        self._seen_at = self._waiting_since = 0.0

    def begins(self, *, autocommit: bool) -> None:
        """A transaction has begun, or a block: what was seen before is over."""
        self.waits, self.in_block = (), autocommit
        self.cancelled = self.has_waited = False
        self.cancels_after, self._waiting_since = None, 0.0

    def saw(self, sight: Sight, *, at_work: bool) -> None:
        """Whom they wait for now; after a statement has given up, what was seen before stays."""
        now = time.monotonic()
        if sight.waits:
            self.waits, self._transactions, self._seen_at = sight.waits, sight.transactions, now
            self._waiting_since, self.has_waited = self._waiting_since or now, True
            self._cancel_late(now)
        elif at_work:
            self.waits, self._waiting_since = (), 0.0

    @property
    def is_to_cancel(self) -> bool:
        """Whether a statement waits that may have to be canceled soon."""
        return self.cancels_after is not None and bool(self._waiting_since)

    def was_in(self, transaction: str, within_seconds: float) -> bool:
        """Whether who waited a moment ago was in this transaction, by its identity."""
        is_recent = time.monotonic() - self._seen_at <= within_seconds
        return bool(self.waits) and is_recent and transaction in self._transactions

    def _cancel_late(self, now: float) -> None:
        after = self.at_most if self.cancels_after is None else self.cancels_after
        if after is not None and not self.in_block and now - self._waiting_since >= after:
            self.cancelled = True
            self.cancel()
