"""Whether what a plan stamps fits: into the version table, and below the target. Pure."""

from collections.abc import Iterable
from typing import TypeVar

from headstart.decision.plan import Baseline, Refuse, Upgrade
from headstart.decision.version_width import refusal_of_long_id
from headstart.facts.state import DatabaseFacts, History, written
from headstart.verdict.errors import Diverged

_Steps = TypeVar("_Steps", Upgrade, Baseline)


def fitting(plan: _Steps, facts: DatabaseFacts) -> _Steps | Refuse:
    """The plan, if the version table can hold each row that it writes."""
    stamped = plan.revisions if isinstance(plan, Baseline) else ()
    error = refusal_of_long_id(stamped, plan.pending, facts.version_column)
    return plan if error is None else Refuse(error)


def beyond_target(revisions: Iterable[str], history: History) -> Diverged:
    """The error of a schema that the target does not include."""
    return Diverged(
        f"the schema matches {written(revisions)}, which is not an ancestor of the target"
        f" {', '.join(sorted(history.targets))}",
        next_step="set HEADSTART_TARGET to heads, or to a revision that includes it",
    )
