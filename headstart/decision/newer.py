"""Say what a database that is newer than the image means for it. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from headstart.facts.lineage import Lineage
from headstart.facts.state import History, written
from headstart.fingerprint.newer.ruling import Judgement
from headstart.verdict.errors import AheadIncompatible, AheadUnproven, Explanation

CONTRACT = (
    "proven for code that names its columns and qualifies them in joins, has no label in GROUP BY"
    " and no column_valued that may be called as a new column, depends on no exact length of a"
    " varchar, makes no DDL on these tables, changes no keys, and copies nothing into a narrower"
    " column"
)
"""What the proof assumes of the app; docs/rolling-back.md explains it."""
_MOST_LINES = 60
_MOST_REASONS = 3


def with_lineage(
    judgement: Judgement, lineage: Lineage | None, history: History, forbidden: str | None = None
) -> Judgement:
    """The judgement with what the record tells of the newer revisions, if it tells anything.

    An author's no is a break, and `forbidden` is its revision; a yes may allow the doubts. Nothing
    overrules what breaks.
    """
    if forbidden is not None:
        word = f"revision {forbidden} says that older code cannot run after it"
        return replace(judgement, breaks=(word, *judgement.breaks))
    if lineage is None:
        return judgement
    judgement = replace(judgement, rows_unproven=lineage.unproven_rows(history))
    if judgement.doubts and lineage.is_allowed(history):
        return replace(judgement, doubts=(), allowed=judgement.doubts)
    return judgement


def refusal_of_newer(
    rows: Iterable[str], targets: Iterable[str], judgement: Judgement, lineage: Lineage | None
) -> AheadUnproven | AheadIncompatible:
    """The error of a newer schema that is not proven to be harmless."""
    found = (
        f"the database is at {written(rows)}, which this image does not contain; its newest is"
        f" {written(targets)}"
    )
    explanation = _explained(judgement)
    if judgement.breaks:
        image = lineage.image if lineage is not None else ""
        return AheadIncompatible(
            f"{found}, and it cannot run on this schema: {_some(judgement.breaks)}",
            explanation=explanation,
            next_step=f"{AheadIncompatible.next_step}; the last revision came from the image"
            f" {image}"
            if image
            else None,
        )
    return AheadUnproven(
        f"{found}, and it may not be able to run on this schema: {_some(judgement.doubts)}",
        explanation=explanation,
    )


def refusal_of_begun(revision: str) -> AheadIncompatible:
    """A newer revision has committed a part of its work, and no version row tells it."""
    return AheadIncompatible(
        f"revision {revision}, which this image does not contain, has begun and did not end, and"
        " says that older code cannot run after it",
        next_step="let a run of the newer image end; or, if what it did is undone, set"
        " HEADSTART_AHEAD=allow until then",
    )


def of_newer(judgement: Judgement) -> Explanation:
    """What there is more in a schema that was proven to be harmless."""
    if not judgement.expected:  # an operator's word: nobody has looked
        return Explanation()
    explained = _explained(judgement)
    return Explanation((*explained.lines, CONTRACT), explained.fields)


def _explained(judgement: Judgement) -> Explanation:
    parts = {
        "breaks": judgement.breaks,
        "doubts": judgement.doubts,
        "allowed": judgement.allowed,
        "unproven_data": judgement.rows_unproven,
        "newer": judgement.newer,
    }
    lines = [f"{name}: {each}" for name, every in parts.items() for each in every]
    more = len(lines) - _MOST_LINES
    shown = lines if more <= 1 else [*lines[:_MOST_LINES], f"... and {more} lines more"]
    return Explanation(tuple(shown), {name: list(every) for name, every in parts.items() if every})


def _some(reasons: tuple[str, ...]) -> str:
    more = len(reasons) - _MOST_REASONS
    return "; ".join(reasons[:_MOST_REASONS]) + (f"; and {more} more" if more > 0 else "")
