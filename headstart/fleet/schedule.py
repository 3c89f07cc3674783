"""Which target is next: the first one alone, then the canaries, then the rest. Pure.

A stage begins when the one before has ended, and all of that are ready. Of an example with two jobs
at once, --first shared and --canary 2, over time:

    shared | a  | c
           | b  | d
                | e

If `shared` fails, nobody else starts; if `a` fails, `b` ends, and `c` to `e` do not start.
"""

from collections.abc import Collection, Sequence

from headstart.fleet.shard import belongs_to
from headstart.settings.fleet import Budget, Shard
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings


@dataclass(frozen=True)
class Stages:
    """The targets of a shard in the order of their names, in three stages."""

    first: tuple[str, ...]
    canaries: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in this order."""
        return (*self.first, *self.canaries, *self.rest)

    @property
    def targets(self) -> int:
        """How many there are."""
        return len(self.names)


def stages_of(names: Sequence[str], first: str | None, canary: str | None, shard: Shard) -> Stages:
    """The stages of a shard; the first target and the canaries are shard 0's, whatever their hash.

    Raises InvalidSettings where one of them is no target.
    """
    if first is not None and first not in names:
        raise InvalidSettings(f"HEADSTART_FIRST: {first!r} is not among the targets")
    others = sorted(name for name in names if name != first)
    canaries = _canaries(others, canary, first)
    early = frozenset(canaries)
    rest = [name for name in others if name not in early and belongs_to(name, shard)]
    if shard.index:
        return Stages((), (), tuple(rest))
    return Stages((first,) if first is not None else (), tuple(canaries), tuple(rest))


def _canaries(others: Sequence[str], canary: str | None, first: str | None) -> list[str]:
    """Their names. A number is none, and one that is a target's name might be either."""
    if canary is None:
        return []
    known = frozenset(others)
    if canary.strip().isascii() and canary.strip().isdigit():
        if canary.strip() in known:
            raise InvalidSettings(
                f"HEADSTART_CANARY: {canary.strip()} is a number of targets, and the name of one:"
                f" for the name, write a comma behind it: {canary.strip()},"
            )
        return list(others[: int(canary)])
    wanted = [name.strip() for name in canary.split(",") if name.strip()]
    if not wanted:
        raise InvalidSettings("HEADSTART_CANARY: expected a number, or names of targets")
    if first in wanted:
        raise InvalidSettings(f"HEADSTART_CANARY names {first!r}, which HEADSTART_FIRST does, too")
    unknown = [repr(name) for name in wanted if name not in known]
    if unknown:
        raise InvalidSettings(
            f"HEADSTART_CANARY: expected a number, or names of targets; {', '.join(unknown)}"
            f" {'is' if len(unknown) == 1 else 'are'} not among them"
        )
    return sorted(set(wanted))


class Schedule:
    """What runs, what is to come, and why nothing more may start."""

    def __init__(self, stages: Stages, jobs: int, budget: Budget | None) -> None:
        self._stages = [list(each) for each in (stages.first, stages.canaries, stages.rest) if each]
        self._guards = len([each for each in (stages.first, stages.canaries) if each])
        self._jobs, self._targets = jobs, stages.targets
        self._most_failures = None if budget is None else budget.of(stages.targets)
        self._running: dict[str, None] = {}
        self.failed = 0
        """How many have ended and were not ready."""
        self.stopped_by: str | None = None
        """Why no other target starts; None as long as they do."""

    def take(self) -> str | None:
        """The target that starts now; None where none does, for now or for good."""
        while self._stages and not self._stages[0] and not self._running:
            del self._stages[0]
            self._guards -= 1
        if self.stopped_by or not self._stages or not self._stages[0]:
            return None
        if len(self._running) >= self._jobs:
            return None
        name = self._stages[0].pop(0)
        self._running[name] = None
        return name

    def skip(self, names: Collection[str]) -> None:
        """Note that these are ready, without a process."""
        self._stages = [[name for name in stage if name not in names] for stage in self._stages]

    def put_back(self, name: str) -> None:
        """Let one that was taken be the next one again: it could not be started yet."""
        self._running.pop(name, None)
        self._stages[0].insert(0, name)

    def end(self, name: str, *, is_ready: bool) -> None:
        """Note that a target has ended."""
        self._running.pop(name, None)
        self.failed += not is_ready
        if is_ready or self.stopped_by:
            return
        if self._guards > 0:
            self.stopped_by = f"{name!r} comes before the others, and is not ready"
        elif self._most_failures is not None and self.failed > self._most_failures:
            self.stopped_by = (
                f"{self.failed} targets failed, and HEADSTART_MAX_FAILURES is"
                f" {self._most_failures} of {self._targets}"
            )

    def stop(self, reason: str) -> None:
        """Let no other target start."""
        self.stopped_by = self.stopped_by or reason

    @property
    def running(self) -> tuple[str, ...]:
        """Those that have started and not ended, the oldest first."""
        return tuple(self._running)

    @property
    def left(self) -> tuple[str, ...]:
        """Those that have not started."""
        return tuple(name for stage in self._stages for name in stage)

    @property
    def number_left(self) -> int:
        """How many have not started."""
        return sum(map(len, self._stages))

    @property
    def is_over(self) -> bool:
        """Whether nothing runs, and nothing will."""
        return not self._running and (self.stopped_by is not None or not self.number_left)
