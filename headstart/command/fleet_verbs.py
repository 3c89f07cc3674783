"""The verbs of a fleet, for verb_table.py: their code is imported when they are executed.

Each takes the nursery, which was forked before the process had a thread.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headstart.command.verb_table import Handler
    from headstart.decision.fleet_overview import FleetOverview
    from headstart.decision.fleet_plan import FleetPlan
    from headstart.fleet.link import Nursery
    from headstart.settings.fleet import Shard
    from headstart.settings.request import Request
    from headstart.verbs.task import Task
    from headstart.verdict.outcome import Outcome


def _run(nursery: "Nursery | None") -> "Handler":
    from headstart.fleet.run import run_fleet

    return partial(run_fleet, nursery=nursery)


def _check(nursery: "Nursery | None") -> "Handler":
    from headstart.fleet.run import check_fleet

    return partial(check_fleet, nursery=nursery)


def _status(nursery: "Nursery | None") -> "Handler":
    from headstart.command.fleet_text import status_text
    from headstart.command.streams import print_answer
    from headstart.fleet.look import status_fleet

    def status(task: "Task", request: "Request") -> "Outcome":
        def show(found: "FleetOverview", shard: "Shard") -> None:
            print_answer(status_text(found, shard, request.output, task.secrets))

        return status_fleet(task, request, show, nursery)

    return status


def _plan(nursery: "Nursery | None") -> "Handler":
    from headstart.command.fleet_text import plan_text
    from headstart.command.streams import print_answer
    from headstart.fleet.look import plan_fleet

    def plan(task: "Task", request: "Request") -> "Outcome":
        def show(found: "FleetPlan", shard: "Shard") -> None:
            print_answer(plan_text(found, shard, request.output, task.secrets))

        return plan_fleet(task, request, show, nursery)

    return plan


VERBS_OF_FLEET: "Mapping[str, Callable[[Nursery | None], Handler]]" = {
    "run": _run,
    "check": _check,
    "status": _status,
    "plan": _plan,
}
"""By the second word."""
