"""What to do about version rows that no script has. Pure."""

from collections.abc import Iterable
from typing import assert_never

from headstart.decision.newer import refusal_of_newer, with_lineage
from headstart.decision.plan import NothingToDo, Refuse
from headstart.facts.applied_record import record_in
from headstart.facts.lineage import Lineage, lineage_of
from headstart.facts.state import DatabaseFacts, History
from headstart.fingerprint.newer.ruling import Judgement
from headstart.settings.kinds import Ahead
from headstart.verdict.errors import (
    UnknownRevision,
)
from headstart.verdict.proof import Proof


def of_unknown(
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
        case Ahead.AUTO if judgement is None:  # no fingerprints: only the record may forbid it
            return _heeding(lineage, Judgement(), unknown, history, Proof.OPERATOR)
        case Ahead.PROVE | Ahead.AUTO if judgement is not None and judgement.is_alike:
            return _heeding(lineage, judgement, unknown, history, Proof.FINGERPRINT)
        case Ahead.PROVE | Ahead.AUTO | Ahead.REFUSE:
            return Refuse(_not_in_image(unknown, history))
        case _:
            assert_never(ahead)


def _heeding(
    lineage: Lineage | None,
    judgement: Judgement,
    unknown: list[str],
    history: History,
    proof: Proof,
) -> NothingToDo | Refuse:
    """What the judgement leads to, with what the record tells of the newer revisions."""
    judged = with_lineage(judgement, lineage, history)
    if judged.is_harmless:
        return NothingToDo(proof, judged)
    return Refuse(refusal_of_newer(unknown, history.targets, judged, lineage))


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
