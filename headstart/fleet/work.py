"""What the verbs of a fleet have alike: they read what there is, and end with one verdict."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from headstart.decision.target_state import Proven
from headstart.fleet.account import Account
from headstart.fleet.crew import Crew
from headstart.fleet.fleet import Fleet, read_fleet
from headstart.fleet.link import Nursery
from headstart.fleet.outcome import TargetEnd, not_started
from headstart.fleet.question import Answers, Question
from headstart.fleet.schedule import Schedule
from headstart.fleet.walk import Walk
from headstart.settings.fleet import Budget
from headstart.settings.request import Request
from headstart.values import dataclass
from headstart.verbs.task import Task
from headstart.verdict.errors import Cancelled
from headstart.verdict.events.fleet import TargetsAsked
from headstart.verdict.outcome import Outcome


@dataclass(frozen=True)
class Work:
    """A fleet that is begun: what there is to do, who asks, who forks, and who counts."""

    task: Task
    fleet: Fleet
    question: Question
    nursery: Nursery
    account: Account

    def ask(self, *, runs: bool) -> Answers:
        """How the targets of the shard stand, of those that can be asked."""
        started = time.monotonic()
        answers = self.question.ask(self.fleet.stages.names, runs=runs)
        if answers:
            proven = sum(isinstance(each.standing, Proven) for each in answers.values())
            seconds = round(time.monotonic() - started, 3)
            self.task.emit(TargetsAsked(len(answers), proven, seconds))
        return answers

    def through(
        self,
        verb: str,
        fleet: Fleet,
        known: Collection[str],
        budget: Budget | None = None,
        seen: Callable[[TargetEnd], None] = lambda _: None,
    ) -> None:
        """Give all targets but those whose end is known a process of a verb.

        `seen` gets how each ended; nothing is kept of thousands here. Raises Cancelled.
        """
        task = self.task
        # from here on a signal is looked for, and interrupts nothing
        task.signals.raise_if_received()
        task.signals.disarm()
        schedule = Schedule(fleet.stages, task.settings.jobs, budget)
        schedule.skip(frozenset(known))
        walk = Walk(task, fleet, Crew(self.nursery, task.emit, verb), schedule)
        for end in walk.ends():
            self.account.note(end)
            seen(end)
        for name in schedule.left:  # by name in the report, and in no line of the log
            end = not_started(name, schedule.stopped_by or "")
            self.account.count(end)
            seen(end)
        self.account.close(schedule.stopped_by)
        if walk.ended_by is not None:
            raise Cancelled(walk.ended_by)

    def verdict(self) -> Outcome:
        """Whether all are ready. Raises FleetRefused and FleetIncomplete."""
        return self.account.verdict()


@contextmanager
def begun(task: Task, request: Request, nursery: Nursery | None) -> Iterator[Work]:
    """Read what there is to do; at the end the nursery ends. Raises InvalidSettings."""
    assert nursery is not None, "it is forked before this process has a thread"
    try:
        fleet = read_fleet(task, request)
        account = Account(task, fleet)
        yield Work(task, fleet, Question(task, fleet.templates), nursery, account)
    finally:
        nursery.end()
