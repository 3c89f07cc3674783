"""Deadlines and delays, computed on a `now` that is passed in.

Pure: a deadline is a point on a monotonic clock, in seconds; nothing here reads a clock.
"""

from math import inf

from headstart.values import dataclass

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 2.0


@dataclass(frozen=True)
class Deadline:
    """The last moment, in seconds of a monotonic clock; infinite where there is none."""

    at: float = inf

    def remaining(self, now: float) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - now)

    def passed(self, now: float) -> bool:
        """Whether no time is left."""
        return now >= self.at

    def clip(self, seconds: float, now: float) -> float:
        """Shorten a duration in seconds to what is left."""
        return min(seconds, self.remaining(now))

    def within(self, seconds: float, now: float) -> "Deadline":
        """The earlier of this deadline and the one `seconds` from now."""
        return Deadline(min(self.at, now + seconds))


def deadline_after(seconds: float | None, now: float) -> Deadline:
    """A deadline `seconds` from now; None means that there is none."""
    return Deadline() if seconds is None else Deadline(now + seconds)


def backoff_seconds(attempt: int, jitter: float) -> float:
    """The delay after a failed attempt, in seconds.

    `attempt` counts from 1. The delay doubles up to LONGEST_DELAY_SECONDS; `jitter`, from 0 to 1,
    takes up to half of it away, so that replicas that failed together do not return together.
    """
    full = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(attempt - 1, 10))
    return full * (1.0 - jitter / 2.0)
