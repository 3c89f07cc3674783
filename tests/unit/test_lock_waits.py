"""What is seen of waits, by a thread beside the one in which the revision runs."""

import time
from typing import Any

from headstart.postgres.waits import Sight, Wait
from headstart.revisions.lock_waits import LockWaits

WAIT = Wait(7, 8, "pid 8", None, by_itself=False, seconds=2.0)


class EndingMeanwhile(LockWaits):
    """The revision ends in the main thread as soon as the limit has been looked at."""

    _limits: list[Any]

    @property
    def limit(self) -> Any:
        """A limit, and then none."""
        return self._limits.pop(0) if self._limits else None

    @limit.setter
    def limit(self, limit: Any) -> None:
        self._limits = [limit]


def waiting() -> EndingMeanwhile:
    """One that has seen a wait, of a revision that is about to end."""
    locks = EndingMeanwhile()
    locks.saw(Sight((WAIT,)), 7, time.monotonic(), at_work=True)
    locks.limit = lambda: 0.5
    return locks


def test_a_revision_that_ends_while_somebody_looks_harms_nobody() -> None:
    assert waiting().look_in(1.0) <= 1.0
    waiting().saw(Sight((WAIT,)), 7, time.monotonic(), at_work=True)


def test_a_statement_is_unwatched_as_long_as_nobody_answers() -> None:
    locks, began = LockWaits(), time.monotonic()
    locks.executing()
    locks.saw(Sight(is_blind=True), 7, began, at_work=True)
    time.sleep(0.05)
    blind = locks.executed()
    assert 0.05 <= blind <= time.monotonic() - began
    locks.executing()
    time.sleep(0.05)
    locks.saw(Sight(), 7, time.monotonic(), at_work=True)
    assert 0.05 <= locks.executed() <= time.monotonic() - began
    locks.executing()
    locks.saw(Sight(), 7, time.monotonic(), at_work=True)
    assert locks.executed() < blind
