"""What to do about a state: the plan, as data, and decide(), which makes it.

Pure: deciding touches no connection, clock, environment or logger.
"""

from collections.abc import Iterable
from typing import ClassVar, TypeVar, assert_never

from headstart.decision.explanation import refusal
from headstart.decision.newer import refusal_of_newer, with_lineage
from headstart.decision.version_width import refusal_of_long_id
from headstart.facts.applied_record import record_in
from headstart.facts.lineage import lineage_of
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
from headstart.values import dataclass
from headstart.verdict.errors import (
    AccessRefused,
    Diverged,
    HeadstartError,
    UnknownRevision,
    Unproven,
)
from headstart.verdict.proof import Proof


@dataclass(frozen=True)
class NothingToDo:
    """The database is ready as it is; `newer` when it is newer than this image.

    Then it holds what is known of the differences. `held` is pending, and held back.
    """

    slug: ClassVar[str] = "nothing_to_do"
    proof: Proof = Proof.VERSION_ROW
    newer: Judgement | None = None
    held: tuple[str, ...] = ()

    @property
    def ahead(self) -> bool:
        """Whether the database is newer than this image."""
        return self.newer is not None


@dataclass(frozen=True)
class Upgrade:
    """Run `pending`, ancestors first; `held` is held back."""

    slug: ClassVar[str] = "upgrade"
    proof: ClassVar[Proof] = Proof.VERSION_ROW
    pending: tuple[str, ...]
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """Accept the existing tables as `revisions`: stamp these, if any, then run `pending`.

    `proven` is what the schema says; None where an operator said it.
    """

    slug: ClassVar[str] = "baseline"
    revisions: tuple[str, ...]
    pending: tuple[str, ...]
    proven: Proven | None = None
    held: tuple[str, ...] = ()

    @property
    def proof(self) -> Proof:
        """What it rests on."""
        return Proof.OPERATOR if self.proven is None else Proof.FINGERPRINT


@dataclass(frozen=True)
class Refuse:
    """Do nothing; a person is needed, and `error` says what for."""

    slug: ClassVar[str] = "refuse"
    proof: ClassVar[Proof] = Proof.NONE
    error: HeadstartError


Plan = NothingToDo | Upgrade | Baseline | Refuse


@dataclass(frozen=True)
class Preview:
    """What a run would do now, as data; `sql` where it was asked for."""

    state: State
    plan: str
    version_rows: tuple[str, ...]
    target: tuple[str, ...]
    baseline: tuple[str, ...]
    pending: tuple[str, ...]
    run_in_progress: bool
    sql: str | None = None
    proof: Proof = Proof.NONE
    held: tuple[str, ...] = ()
    explanation: tuple[str, ...] = ()


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
    match state:
        case State.EMPTY:
            return _upgrade_of_new(facts, history)
        case State.UNVERSIONED:
            assert not isinstance(finding, Judgement)
            return _adoption(facts, history, finding)
        case State.BEHIND:
            return _fitting(Upgrade(history.pending_after(facts.version_rows)), facts)
        case State.AT_HEAD:
            return NothingToDo()
        case State.AHEAD | State.UNKNOWN_REVISION:
            judgement = finding if isinstance(finding, Judgement) else None
            return _unknown(facts, history, ahead, judgement)
        case State.DIVERGED:
            return Refuse(_diverged(facts, history))
        case _:
            assert_never(state)


def consequence(state: State) -> str:
    """What a run does about a state, as README's table says it."""
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
            return "refuse (23), unless `HEADSTART_AHEAD=allow`"
        case State.DIVERGED:
            return "refuse (23), or `HEADSTART_TARGET=heads` for branches"
        case _:
            assert_never(state)


def _upgrade_of_new(facts: DatabaseFacts, history: History) -> Upgrade | Refuse:
    if not facts.may_create:
        return Refuse(_no_create_privilege(facts))
    return _fitting(Upgrade(history.pending_after(())), facts)


_Steps = TypeVar("_Steps", Upgrade, Baseline)


def _fitting(plan: _Steps, facts: DatabaseFacts) -> _Steps | Refuse:
    """The plan, if the version table can hold each row that it writes."""
    stamped = plan.revisions if isinstance(plan, Baseline) else ()
    error = refusal_of_long_id(stamped, plan.pending, facts.version_column)
    return plan if error is None else Refuse(error)


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
        return Refuse(_beyond_target(revisions, history))
    if not facts.may_create:
        return Refuse(_no_create_privilege(facts))
    plan = Baseline(tuple(sorted(revisions)), history.pending_after(revisions), proven)
    return _fitting(plan, facts)


def _beyond_target(revisions: Iterable[str], history: History) -> Diverged:
    return Diverged(
        f"the schema matches {written(revisions)}, which is not an ancestor of the target"
        f" {_names(history.targets)}",
        next_step="set HEADSTART_TARGET to heads, or to a revision that includes it",
    )


def _unknown(
    facts: DatabaseFacts, history: History, ahead: Ahead, judgement: Judgement | None
) -> NothingToDo | Refuse:
    known = [row for row in facts.version_rows if row in history.requirements]
    unknown = [row for row in facts.version_rows if row not in history.requirements]
    if known and history.pending_after(known):
        return Refuse(_ahead_and_behind(unknown, history.pending_after(known)))
    if not all(row.strip() for row in unknown):  # that is nobody's revision
        return Refuse(_not_in_image(unknown, history))
    lineage = lineage_of(record_in(facts.version_column.comment), facts.version_rows, history)
    if lineage is not None and lineage.lacking:
        return Refuse(_ahead_and_behind(unknown, lineage.lacking))
    match ahead:
        case Ahead.ALLOW:
            return NothingToDo(Proof.OPERATOR, Judgement())
        case Ahead.PROVE if judgement is not None and judgement.is_alike:
            judged = with_lineage(judgement, lineage, history)
            if judged.is_harmless:
                return NothingToDo(Proof.FINGERPRINT, judged)
            return Refuse(refusal_of_newer(unknown, history.targets, judged, lineage))
        case Ahead.PROVE | Ahead.REFUSE:
            return Refuse(_not_in_image(unknown, history))
        case _:
            assert_never(ahead)


def _not_in_image(unknown: list[str], history: History) -> UnknownRevision:
    return UnknownRevision(
        f"the version row names {_names(map(repr, unknown))}, which this image does not contain;"
        f" its newest is {_names(history.targets)}"
    )


def _ahead_and_behind(unknown: list[str], pending: tuple[str, ...]) -> UnknownRevision:
    """No word of an operator makes such a database ready: what this image needs is not there."""
    return UnknownRevision(
        f"the version rows name {_names(map(repr, unknown))}, which this image does not contain,"
        f" while {_names(pending)} of this image is not applied",
        next_step="deploy an image that contains all of these revisions",
    )


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
