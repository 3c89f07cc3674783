"""What to do about version rows that no script has. Pure."""

from collections.abc import Iterable
from typing import assert_never

from headstart.decision.newer import refusal_of_newer, with_lineage
from headstart.decision.plan import NothingToDo, Refuse
from headstart.facts.applied_record import record_in
from headstart.facts.lineage import Lineage, forbidden_by, lineage_of
from headstart.facts.state import DatabaseFacts, History
from headstart.fingerprint.newer.ruling import Judgement
from headstart.settings.kinds import Ahead
from headstart.values import dataclass
from headstart.verdict.errors import (
    UnknownRevision,
)
from headstart.verdict.proof import Proof


def of_unknown(
    facts: DatabaseFacts, history: History, ahead: Ahead, judgement: Judgement | None
) -> NothingToDo | Refuse:
    rows, record = facts.version_rows, record_in(facts.version_column.comment)
    unknown = [row for row in rows if row not in history.requirements]
    lineage = lineage_of(record, rows, history)
    if lacking := _lacking(lineage, rows, history):
        return Refuse(_ahead_and_behind(unknown, lacking))
    if not all(row.strip() for row in unknown):  # that is nobody's revision
        return Refuse(_not_in_image(unknown, history))
    told = _Told(lineage, forbidden_by(record, rows, history))
    match ahead:
        case Ahead.ALLOW:
            return NothingToDo(Proof.OPERATOR, Judgement())
        case Ahead.AUTO if judgement is None:  # no fingerprints: only the record may forbid it
            return _heeding(told, Judgement(), unknown, history, Proof.OPERATOR)
        case Ahead.PROVE | Ahead.AUTO if judgement is not None and judgement.is_alike:
            return _heeding(told, judgement, unknown, history, Proof.FINGERPRINT)
        case Ahead.PROVE | Ahead.AUTO | Ahead.REFUSE:
            return Refuse(_not_in_image(unknown, history))
        case _:
            assert_never(ahead)


@dataclass(frozen=True)
class _Told:
    """What the record tells: the way back, and a revision whose author says no."""

    lineage: Lineage | None
    forbidden: str | None


def _lacking(lineage: Lineage | None, rows: tuple[str, ...], history: History) -> tuple[str, ...]:
    """Revisions of ours that are not applied, whatever those that we do not know build on."""
    if lineage is not None and lineage.is_whole:
        return lineage.lacking
    return history.waiting_for(row for row in rows if row in history.requirements)


def _heeding(
    told: _Told,
    judgement: Judgement,
    unknown: list[str],
    history: History,
    proof: Proof,
) -> NothingToDo | Refuse:
    """What the judgement leads to, with what the record tells of the newer revisions."""
    judged = with_lineage(judgement, told.lineage, history, told.forbidden)
    if judged.is_harmless:
        return NothingToDo(proof, judged)
    return Refuse(refusal_of_newer(unknown, history.targets, judged, told.lineage))


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


def _names(revisions: Iterable[str]) -> str:
    return ", ".join(sorted(revisions))
