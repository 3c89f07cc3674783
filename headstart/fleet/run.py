"""`headstart fleet run` and `fleet check`: the ordinary verb for each target, and one verdict.

This is the file to read first. What a target's run does is none of a fleet's business: it hands it
the settings, reads its log, and counts how it ended. Who is proven, by the question, needs none.
"""

from headstart.fleet.answers import proven_end
from headstart.fleet.canary import await_canaries
from headstart.fleet.link import Nursery
from headstart.fleet.work import Work, begun
from headstart.settings.request import Request
from headstart.verbs.task import Task
from headstart.verdict.outcome import Outcome


def run_fleet(task: Task, request: Request, nursery: Nursery | None = None) -> Outcome:
    """THE FLOW. Every end that is not success raises HeadstartError or Cancelled."""
    with begun(task, request, nursery) as work:
        await_canaries(task, work.fleet, work.question, work.nursery)
        proven = _note_proven(work, runs=True)
        work.through("run", work.fleet, proven, task.settings.max_failures)
        return work.verdict()


def check_fleet(task: Task, request: Request, nursery: Nursery | None = None) -> Outcome:
    """Whether all targets are ready; changes nothing. Raises as run_fleet does."""
    with begun(task, request, nursery) as work:
        proven = _note_proven(work, runs=False)
        work.through("check", work.fleet.unordered(), proven)
        return work.verdict()


def _note_proven(work: Work, *, runs: bool) -> list[str]:
    """Finish those at once in which there is nothing to do; give their names."""
    proven = []
    for answer in work.ask(runs=runs).values():
        if (end := proven_end(answer)) is not None:
            work.account.note(end)
            proven.append(end.target)
    return proven
