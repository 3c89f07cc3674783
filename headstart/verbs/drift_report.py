"""What a comparison of the schema leads to, by the drift policy: an error, or a report."""

from headstart.decision.drift import Occasion, Response, requires_comparison, response_to_drift
from headstart.decision.explanation import drifted, of_difference, of_live
from headstart.facts.state import written
from headstart.fingerprint.show.equivalent import are_equivalent, rename_statements
from headstart.verbs.compare import Comparison
from headstart.verbs.task import Task
from headstart.verdict.errors import StaleFingerprints
from headstart.verdict.events.schema import (
    Explained,
    ProofEstablished,
    SchemaDrifted,
    SchemaNotCompared,
)
from headstart.verdict.proof import Proof

_RECORD = (
    "headstart fingerprint build, or headstart fingerprint record on a database that is known to be"
    " right, and commit the file"
)


def report_drift(
    task: Task,
    occasion: Occasion,
    comparison: Comparison,
    rows: tuple[str, ...],
    next_step: str | None = None,
) -> Proof:
    """Report a difference. Raises Drifted where it fails; else gives what the verdict rests on."""
    if comparison.expected is None:
        return _not_compared(task, rows)
    difference, live = comparison.difference, comparison.live
    if not difference:
        task.emit(Explained(of_live(live)))
        return Proof.FINGERPRINT
    renames = _renames(comparison.expected, live.lines)
    explanation = of_difference(difference, live, renames)
    error = drifted(rows, difference, explanation, next_step)
    if response_to_drift(task.settings.verify, occasion) is Response.FAIL:
        task.emit(ProofEstablished(Proof.VERSION_ROW))
        raise error
    task.emit(SchemaDrifted(str(error), explanation))
    return Proof.VERSION_ROW


def _not_compared(task: Task, rows: tuple[str, ...]) -> Proof:
    """The file does not know these rows. Raises StaleFingerprints where that is no proof."""
    message = f"the schema was not compared: the fingerprints have no state for {written(rows)}"
    if requires_comparison(task.settings.verify):
        task.emit(ProofEstablished(Proof.VERSION_ROW))
        raise StaleFingerprints(message, next_step=_RECORD)
    task.emit(SchemaNotCompared(message))
    return Proof.VERSION_ROW


def _renames(expected: frozenset[str], live: frozenset[str]) -> tuple[str, ...]:
    """What makes a schema exact of which only names and spellings differ."""
    return rename_statements(expected, live) if are_equivalent(expected, live) else ()
