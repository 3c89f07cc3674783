"""How a target ended, and what is to be said of all of them together. Pure.

A process that has written no verdict was killed: by whoever needs its memory, most likely. That is
an end of its own, and the same run may succeed later; so is a target that never began.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping

from headstart.facts.visible import cut
from headstart.settings.fleet import Shard
from headstart.values import dataclass
from headstart.verdict.outcome import Outcome

KILLED, NOT_STARTED = "killed", "not_started"
"""Ends of a target that are none of a run: it has said nothing, or never began."""
_SHOWN_FAILURES, _SHOWN_SLOWEST = 10, 3
_WITH_VERDICT = {outcome.value: outcome for outcome in Outcome}


@dataclass(frozen=True)
class TargetEnd:
    """How a target ended: its name, and the fields of its verdict."""

    target: str
    fields: Mapping[str, object]

    @property
    def outcome(self) -> str:
        """The slug."""
        return str(self.fields.get("outcome"))

    @property
    def is_ready(self) -> bool:
        """Whether it ended as a run that succeeds does."""
        return self.fields.get("exit_code") == 0

    @property
    def needs_person(self) -> bool:
        """Whether the same run may not succeed without anybody's help."""
        if self.is_ready or self.outcome in (KILLED, NOT_STARTED):
            return False
        outcome = _WITH_VERDICT.get(self.outcome)
        return outcome is None or not outcome.retry

    @property
    def message(self) -> str:
        """The cause, in one line."""
        error = self.fields.get("error")
        return str(error.get("message", "")) if isinstance(error, Mapping) else ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        took = self.fields.get("duration_seconds")
        return float(took) if isinstance(took, int | float) else 0.0


def killed(target: str, signum: int, seconds: float, said: str = "") -> TargetEnd:
    """The end of a process that has written no verdict; `said` is the last line of its log."""
    how = f"signal {signum} ended its process" if signum else "its process ended without a verdict"
    why = " (out of memory?)" if signum == 9 else ""
    last = f"; the last that it said: {cut(said)}" if said else ""
    return TargetEnd(
        target,
        {
            "outcome": KILLED,
            "exit_code": 128 + signum if signum else 1,
            "next_step": "run again: what was committed is kept; if it is killed again, give the"
            " pod more memory, or let it work on fewer targets at once (HEADSTART_JOBS)",
            "error": {"type": "Killed", "message": f"{how}{why}{last}"},
            "duration_seconds": round(seconds, 3),
        },
    )


def ended_by(target: str, signum: int, seconds: float) -> TargetEnd:
    """The end of a process that was sent a signal before it had begun."""
    outcome = (
        Outcome.CANCELLED_BY_SIGINT if signum == signal.SIGINT else Outcome.CANCELLED_BY_SIGTERM
    )
    return TargetEnd(
        target,
        {
            "outcome": outcome.value,
            "exit_code": outcome.code,
            "next_step": "run again",
            "error": {"type": "Cancelled", "message": "a signal ended the fleet before it began"},
            "duration_seconds": round(seconds, 3),
        },
    )


def not_started(target: str, reason: str) -> TargetEnd:
    """The end of a target that never began."""
    return TargetEnd(
        target,
        {
            "outcome": NOT_STARTED,
            "exit_code": Outcome.FLEET_INCOMPLETE.code,
            "next_step": "run again, once the cause is gone",
            "error": {"type": "NotStarted", "message": reason},
        },
    )


class Tally:
    """What has become of the targets of a shard so far."""

    def __init__(self, targets: int, shard: Shard) -> None:
        self._targets, self._shard = targets, shard
        self._outcomes: Counter[str] = Counter()
        self._failures: list[TargetEnd] = []
        self._slowest: list[TargetEnd] = []
        self.ready = self.failed = self.need_person = 0

    def add(self, end: TargetEnd) -> None:
        """Count an end."""
        self._outcomes[end.outcome] += 1
        self.ready += end.is_ready
        self.failed += not end.is_ready
        self.need_person += end.needs_person
        # those that need a person first: the others may pass by themselves
        if not end.is_ready:
            order = sorted([*self._failures, end], key=lambda each: not each.needs_person)
            self._failures = order[:_SHOWN_FAILURES]
        slowest = sorted([*self._slowest, end], key=lambda each: -each.seconds)
        self._slowest = slowest[:_SHOWN_SLOWEST]

    @property
    def done(self) -> int:
        """How many have ended, in whatever way."""
        return self.ready + self.failed

    def fields(self, stopped_by: str | None) -> dict[str, object]:
        """What the verdict shows of it."""
        more = {} if stopped_by is None else {"stopped_by": stopped_by}
        return {
            "targets": self._targets,
            "ready": self.ready,
            "need_person": self.need_person,
            **more,
            "outcomes": dict(sorted(self._outcomes.items(), key=lambda each: (-each[1], each[0]))),
            "failures": [
                {
                    "target": each.target,
                    "outcome": each.outcome,
                    "exit_code": each.fields.get("exit_code"),
                    "message": cut(each.message),
                }
                for each in self._failures
            ],
            "slowest": [
                {"target": each.target, "seconds": round(each.seconds, 3)} for each in self._slowest
            ],
            "shard": str(self._shard),
        }

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield f"{self.ready} of {self._targets} targets are ready (shard {self._shard})"
        for each in self._failures:
            yield f"{each.target!r}: {each.outcome}: {each.message}"

    def message(self, stopped_by: str | None) -> str:
        """What is wrong, in one sentence, with the first targets by their names."""
        named = [f"{each.target!r} ({each.outcome})" for each in self._failures[:3]]
        more = self.failed - len(named)
        told = ", ".join(named) + (f" and {more} more" if more > 0 else "")
        person = f" ({_people(self.need_person)})" if self.need_person else ""
        stopped = f"; no other one started: {stopped_by}" if stopped_by else ""
        return f"{self.failed} of {self._targets} targets are not ready{person}: {told}{stopped}"


def _people(count: int) -> str:
    return "1 of them needs a person" if count == 1 else f"{count} of them need a person"
