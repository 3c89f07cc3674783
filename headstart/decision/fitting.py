"""Whether the version table can hold what a plan writes. Pure."""

from typing import TypeVar

from headstart.decision.plan import Baseline, Refuse, Upgrade
from headstart.decision.version_width import refusal_of_long_id
from headstart.facts.state import DatabaseFacts

_Steps = TypeVar("_Steps", Upgrade, Baseline)


def fitting(plan: _Steps, facts: DatabaseFacts) -> _Steps | Refuse:
    """The plan, if the version table can hold each row that it writes."""
    stamped = plan.revisions if isinstance(plan, Baseline) else ()
    error = refusal_of_long_id(stamped, plan.pending, facts.version_column)
    return plan if error is None else Refuse(error)
