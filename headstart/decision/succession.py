"""A squashed history: its base takes the place of what it replaces. Pure."""

from headstart.decision.explanation import refusal
from headstart.decision.fitting import beyond_target, fitting
from headstart.decision.plan import Baseline, Refuse
from headstart.facts.state import DatabaseFacts, History
from headstart.fingerprint.match.finding import (
    Finding,
    HalfApplied,
    Proven,
    SeveralMatches,
    Unlike,
)
from headstart.verdict.errors import (
    Explanation,
    UnknownRevision,
)


def succession(facts: DatabaseFacts, history: History, finding: Finding) -> Baseline | Refuse:
    """The base of a squashed history takes the place of the last revision that it replaces."""
    (row,) = facts.version_rows
    base = history.successor_of(facts.version_rows)
    assert base is not None
    last = history.replaced[base][-1]
    if row != last:
        return Refuse(_not_the_last(row, last, base))
    if not isinstance(finding, Proven) or finding.revisions != (base,):
        return Refuse(_not_as_replaced(row, base, finding))
    if base not in history.applied_with(history.targets):
        return Refuse(beyond_target((base,), history))
    plan = Baseline((base,), history.pending_after((base,)), finding, instead_of=(row,))
    return fitting(plan, facts)


def _not_the_last(row: str, last: str, base: str) -> UnknownRevision:
    return UnknownRevision(
        f"the version row {row!r} is one that {base} replaces, but {last!r} is the last of these,"
        " and what that does may not have run",
        next_step=f"run the last image that has {last}, then this one",
    )


def _not_as_replaced(row: str, base: str, finding: Finding) -> UnknownRevision:
    cause, explanation = "nothing shows which schema that is", Explanation()
    if isinstance(finding, SeveralMatches | HalfApplied | Unlike):
        found = refusal(finding)
        cause, explanation = str(found), found.explanation
    return UnknownRevision(
        f"the version row {row!r} is the last one that {base} replaces, but the schema is not"
        f" proven to be what {base} builds: {cause}",
        next_step=f"compare them (headstart diff --revision {base}), and correct the schema or the"
        " script; an image without usable fingerprints proves nothing",
        explanation=explanation,
    )
