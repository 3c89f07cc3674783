"""`headstart fleet status` and `fleet plan`: how the targets stand, and what a run would do.

The question answers for most of them; the others get the ordinary check in a process. Nothing is
changed.
"""

from collections.abc import Callable

from headstart.decision.fleet_overview import FleetOverview, overview_of
from headstart.decision.fleet_plan import FleetPlan, plan_of
from headstart.decision.target_state import Failed, TargetAnswer
from headstart.fleet.answers import answer_of_end, known_end, proven_end
from headstart.fleet.link import Nursery
from headstart.fleet.outcome import TargetEnd
from headstart.fleet.work import Work, begun
from headstart.settings.fleet import Shard
from headstart.settings.request import Request
from headstart.values import dataclass
from headstart.verbs.task import Task
from headstart.verdict.outcome import Outcome


@dataclass(frozen=True)
class _Seen:
    """How the targets stand. `proven` need no process in a run; `why` is what a check has said."""

    answers: tuple[TargetAnswer, ...]
    proven: frozenset[str]
    why: dict[str, str]


def status_fleet(
    task: Task,
    request: Request,
    show: Callable[[FleetOverview, Shard], None],
    nursery: Nursery | None = None,
) -> Outcome:
    """Show which revision how many targets are at. Raises as check_fleet does."""
    with begun(task, request, nursery) as work:
        seen = _look(work, runs=False)
        show(overview_of(seen.answers, work.question.history), work.fleet.shard)
        return work.verdict()


def plan_fleet(
    task: Task,
    request: Request,
    show: Callable[[FleetPlan, Shard], None],
    nursery: Nursery | None = None,
) -> Outcome:
    """Show what a run would do now. Raises as check_fleet does where that cannot be told of all."""
    with begun(task, request, nursery) as work:
        seen = _look(work, runs=True)
        history = work.question.history
        show(plan_of(seen.answers, seen.proven, seen.why, history), work.fleet.shard)
        if any(_is_refused(answer) for answer in seen.answers):
            return work.verdict()
        return Outcome.PLANNED


def _look(work: Work, *, runs: bool) -> _Seen:
    history = work.question.history  # without it there is no answer to give
    asked = work.ask(runs=runs)
    known = {name: end for name, each in asked.items() if (end := known_end(each, history))}
    for end in known.values():
        work.account.count(end)
    found, why = {}, {}

    def seen(end: TargetEnd) -> None:
        found[end.target] = answer_of_end(end)
        if not end.is_ready:
            why[end.target] = end.message

    work.through("check", work.fleet.unordered(), known.keys(), seen=seen)
    names = work.fleet.stages.names
    return _Seen(
        tuple(asked[name] if name in known else found[name] for name in names),
        frozenset(name for name, each in asked.items() if proven_end(each) is not None),
        why,
    )


def _is_refused(answer: TargetAnswer) -> bool:
    standing = answer.standing
    return isinstance(standing, Failed) and standing.slug != Outcome.NOT_READY
