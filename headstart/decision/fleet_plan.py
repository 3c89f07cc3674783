"""What a run of a fleet would do now, by what is known of its targets. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import assert_never

from headstart.decision.target_state import (
    Behind,
    Failed,
    Found,
    InProgress,
    Missing,
    Odd,
    Proven,
    Ready,
    TargetAnswer,
)
from headstart.facts.state import History
from headstart.values import dataclass

NOTHING, UPGRADE = "nothing_to_do", "upgrade"


@dataclass(frozen=True)
class PlannedTarget:
    """A target that would get a process, and the revisions that it would run there.

    `kind` is nothing_to_do, upgrade, in_progress, or the outcome of its own check; `why` says more.
    """

    target: str
    kind: str
    pending: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class FleetPlan:
    """How many targets there are of each kind, and those that would get a process."""

    targets: int
    kinds: Mapping[str, int]
    processes: tuple[PlannedTarget, ...]


def plan_of(
    answers: Iterable[TargetAnswer],
    proven: Collection[str],
    why: Mapping[str, str],
    history: History,
) -> FleetPlan:
    """Plan for all targets; `proven` are those for which no process would be started."""
    kinds: Counter[str] = Counter()
    processes = []
    for answer in answers:
        kind, pending = _kind(answer.standing, history)
        kinds[kind] += 1
        if answer.name not in proven:
            text = why.get(answer.name, "")
            processes.append(PlannedTarget(answer.name, kind, pending, text))
    return FleetPlan(kinds.total(), dict(kinds.most_common()), tuple(processes))


def _kind(found: Found, history: History) -> tuple[str, tuple[str, ...]]:
    match found:
        case Proven() | Ready():
            return NOTHING, ()
        case Behind(rows):
            return UPGRADE, tuple(history.pending_after(rows))
        case Missing():
            return UPGRADE, tuple(history.pending_after(()))
        case InProgress() | Failed():
            return found.slug, ()
        case Odd():
            return found.why.value, ()
        case _:
            assert_never(found)
