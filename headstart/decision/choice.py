"""Choose the plan for a state.

Pure: deciding touches no connection, clock, environment or logger.
"""

from collections.abc import Iterable
from typing import assert_never

from headstart.decision.explanation import refusal
from headstart.decision.fitting import beyond_target, fitting
from headstart.decision.newer import refusal_of_begun
from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade
from headstart.decision.succession import succession
from headstart.decision.unknown import of_unknown
from headstart.facts.applied_record import record_in
from headstart.facts.lineage import forbidden_by
from headstart.facts.state import DatabaseFacts, History, State, written
from headstart.fingerprint.match.finding import (
    Finding,
    HalfApplied,
    Proven,
    SeveralMatches,
    Unknowable,
    Unlike,
)
from headstart.fingerprint.newer.ruling import Judgement
from headstart.settings.kinds import Ahead
from headstart.verdict.errors import (
    AccessRefused,
    Diverged,
    Unproven,
)


def decide(
    state: State,
    facts: DatabaseFacts,
    history: History,
    ahead: Ahead,
    finding: Finding | Judgement | None = None,
) -> Plan:
    """Choose the plan for a state; every state has exactly one case.

    `finding` is what the fingerprints say about tables without a version row, or about a schema
    that none of our revisions has built, where they can.
    """
    if state in {State.AT_HEAD, State.BEHIND} and ahead is not Ahead.ALLOW:
        record = record_in(facts.version_column.comment)
        if (begun := forbidden_by(record, facts.version_rows, history)) is not None:
            return Refuse(refusal_of_begun(begun))
    match state:
        case State.EMPTY:
            return _upgrade_of_new(facts, history)
        case State.UNVERSIONED:
            assert not isinstance(finding, Judgement)
            return _adoption(facts, history, finding)
        case State.BEHIND:
            return fitting(Upgrade(history.pending_after(facts.version_rows)), facts)
        case State.AT_HEAD:
            return NothingToDo()
        case State.AHEAD | State.UNKNOWN_REVISION:
            judgement = finding if isinstance(finding, Judgement) else None
            if finding is not None and not isinstance(finding, Judgement):
                return succession(facts, history, finding)
            return of_unknown(facts, history, ahead, judgement)
        case State.DIVERGED:
            return Refuse(_diverged(facts, history))
        case _:
            assert_never(state)


def consequence(state: State) -> str:
    """What a run does about a state, as the table in docs/reference.md says it."""
    match state:
        case State.EMPTY | State.BEHIND:
            return "upgrade"
        case State.UNVERSIONED:
            return (
                "if the schema matches exactly one revision: stamp that, then upgrade. Otherwise"
                " refuse (22, 26), and show the nearest revision and the difference."
                " `HEADSTART_BASELINE` (a revision, `x+y` for two branches, `head` or `base`)"
                " overrides this"
            )
        case State.AT_HEAD:
            return "nothing"
        case State.AHEAD:
            return (
                "nothing, where nothing in the schema can break this image; refuse (23) where"
                " something may, and name it. `HEADSTART_AHEAD=allow` overrules this"
            )
        case State.UNKNOWN_REVISION:
            return (
                "refuse (23), unless `HEADSTART_AHEAD=allow`, or `auto` in an image without"
                " fingerprints"
            )
        case State.DIVERGED:
            return "refuse (23), or `HEADSTART_TARGET=heads` for branches"
        case _:
            assert_never(state)


def _upgrade_of_new(facts: DatabaseFacts, history: History) -> Upgrade | Refuse:
    if not facts.may_create:
        return Refuse(_no_create_privilege(facts))
    return fitting(Upgrade(history.pending_after(())), facts)


def _adoption(facts: DatabaseFacts, history: History, finding: Finding | None) -> Baseline | Refuse:
    revisions, proven = history.baseline, None
    if revisions is None:
        match finding:
            case None:
                return Refuse(_unproven(facts))
            case Unknowable():
                return Refuse(_unproven(facts, finding.cause))
            case Proven():
                revisions, proven = frozenset(finding.revisions), finding
            case SeveralMatches() | HalfApplied() | Unlike():
                return Refuse(refusal(finding))
            case _:
                assert_never(finding)
    if not revisions <= history.applied_with(history.targets):
        return Refuse(beyond_target(revisions, history))
    if not facts.may_create:
        return Refuse(_no_create_privilege(facts))
    plan = Baseline(tuple(sorted(revisions)), history.pending_after(revisions), proven)
    return fitting(plan, facts)


def _diverged(facts: DatabaseFacts, history: History) -> Diverged:
    known = [row for row in facts.version_rows if row in history.requirements]
    if included := history.included(known):
        return _overlapping(facts.version_rows, included, history.rows_of(known))
    return Diverged(
        f"the version rows {_names(facts.version_rows)} are not ancestors"
        f" of the target {_names(history.targets)}"
    )


def _overlapping(rows: Iterable[str], included: Iterable[str], rest: Iterable[str]) -> Diverged:
    """Alembic's own downgrade can leave such rows, and its upgrade refuses them."""
    shown = written(rest)
    return Diverged(
        f"the version rows {_names(rows)} overlap: {_names(included)} is needed by another of them,"
        " by down_revision or depends_on, and Alembic cannot upgrade from such rows",
        next_step=(
            f"compare the schema with {shown} (headstart diff --revision {shown}): if there"
            f" is no difference, delete the version row {_names(included)}; otherwise delete the"
            " row that is wrong; then run again"
        ),
    )


_STALE = (
    "deploy an image whose fingerprints match its scripts (headstart fingerprint build), or, if you"
    " know which revision ran last on these tables, set HEADSTART_BASELINE to it"
)


_MAY_BE_ANYBODYS = (
    "build fingerprints (headstart fingerprint build), which show whose tables these are, or set"
    " HEADSTART_BASELINE: to base if the tables belong to others, otherwise to the revision that"
    " they correspond to"
)


def _unproven(facts: DatabaseFacts, stale: str | None = None) -> Unproven:
    present, missing = sorted(facts.tables_present), sorted(facts.tables_missing)
    tables, next_step = "tables of ours", None
    if facts.only_touched:
        tables = "tables that a revision changes but none creates"
        next_step = _MAY_BE_ANYBODYS
    if facts.doubts:
        first, *others = facts.doubts
        more = f" and {len(others)} more" if others else ""
        tables = f"tables that a revision may have created ({first}{more} may make any table)"
        next_step = _MAY_BE_ANYBODYS
    return Unproven(
        f"the database has {tables} but no version row;"
        f" present: {', '.join(present)}; missing: {', '.join(missing) or 'none'}",
        next_step=_STALE if stale else next_step,
    )


def _no_create_privilege(facts: DatabaseFacts) -> AccessRefused:
    return AccessRefused(
        f'role "{facts.role}" may not create tables in schema "{facts.schema}"'
        " (since PostgreSQL 15 ordinary roles may not in public)",
        sqlstate="42501",
        next_step=f'as an administrator: GRANT CREATE ON SCHEMA "{facts.schema}" TO "{facts.role}"',
    )


def _names(revisions: Iterable[str]) -> str:
    return ", ".join(sorted(revisions))
