"""The canary before all shards, without anybody who coordinates: the database is the message.

The first target and the canaries are shard 0's. The other shards ask how these stand, and start
nothing until they are ready. At the head by its rows is not enough: a run that fails its last step
leaves them there; and who is not at the head may be ready, as a newer one is. So one without a
proof is checked, and a check has to know where its tables are.
"""

import time

from headstart.decision.target_state import Behind, InProgress, Missing, Proven
from headstart.fleet.crew import Crew
from headstart.fleet.fleet import Fleet
from headstart.fleet.link import Nursery
from headstart.fleet.question import Answers, Question
from headstart.fleet.schedule import Schedule
from headstart.fleet.walk import Walk
from headstart.process.deadline import deadline_after
from headstart.process.retry import Retry, retried
from headstart.settings.kinds import Hold
from headstart.verbs.task import Task
from headstart.verdict.errors import CanaryPending, Cancelled
from headstart.verdict.events.execution import SettingsWarned
from headstart.verdict.events.fleet import CanaryAwaited

_UNGUARDED = (
    "the first target and the canaries belong to shard 0, and this shard does not wait for them:"
    " run shard 0 to its end before the others. To have it wait, keep each version table in the"
    " schema of its target, and name it so (HEADSTART_TARGET_VERSION_TABLE)"
)
_SHOWN = 3


class _Waits(Exception):
    """Some of them are not ready yet; `names` are these."""

    def __init__(self, names: tuple[str, ...]) -> None:
        more = len(names) - _SHOWN
        shown = ", ".join(map(repr, names[:_SHOWN]))
        super().__init__(f"{shown} and {more} more" if more > 0 else shown)
        self.names = names


def await_canaries(task: Task, fleet: Fleet, question: Question, nursery: Nursery) -> None:
    """Wait until another shard's first target and canaries are ready.

    Raises CanaryPending, and what an image leads to that cannot be read: no wait cures that.
    """
    if not fleet.shard.index or not fleet.guards:
        return
    if not (question.is_possible and fleet.templates.are_at_home):
        task.emit(SettingsWarned(_UNGUARDED))
        return
    question.read_image()

    def attempt() -> None:
        if names := _not_ready(task, fleet, question, nursery):
            raise _Waits(names)

    def waits(failed: Retry) -> None:
        pause = round(failed.retry_in_seconds, 3)
        if isinstance(failed.error, _Waits):
            task.emit(CanaryAwaited(failed.error.names, pause))

    # not within the deadline of an execution: that is one for each target
    deadline = deadline_after(task.settings.lock_seconds, time.monotonic())
    try:
        retried(attempt, deadline, lambda error: isinstance(error, _Waits), waits)
    except _Waits as error:
        few = len(error.names) == 1
        raise CanaryPending(
            f"{error} {'comes' if few else 'come'} before all other targets, and"
            f" {'was' if few else 'were'} not ready within {task.settings.lock_seconds:g} s"
            " (HEADSTART_LOCK_SECONDS); nothing was started"
        ) from None


def _not_ready(task: Task, fleet: Fleet, question: Question, nursery: Nursery) -> tuple[str, ...]:
    answers = question.ask(fleet.guards, runs=False)
    doubtful = tuple(name for name in fleet.guards if not _is_proven(name, answers))
    holds = task.settings.hold is not Hold.NONE
    if not all(_may_be_ready(name, answers, holds=holds) for name in doubtful):
        return doubtful
    checked = fleet.unordered(doubtful)
    schedule = Schedule(checked.stages, task.settings.jobs, None)
    walk = Walk(task, checked, Crew(nursery, task.emit, "check"), schedule)
    ready = {end.target for end in walk.ends() if end.is_ready}
    if walk.ended_by is not None:
        raise Cancelled(walk.ended_by)
    return tuple(name for name in doubtful if name not in ready)


def _is_proven(name: str, answers: Answers) -> bool:
    return name in answers and isinstance(answers[name].standing, Proven)


def _may_be_ready(name: str, answers: Answers, *, holds: bool) -> bool:
    """Whether a check may find it ready: one that is behind where contract revisions are held."""
    if name not in answers:
        return False
    match answers[name].standing:
        case InProgress() | Missing():
            return False
        case Behind():
            return holds
        case _:
            return True
