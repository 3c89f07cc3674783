"""The verb diff: compares the schema with what its revision, or that of --revision, builds."""

from headstart.decision.drift import Occasion
from headstart.decision.elsewhere import elsewhere
from headstart.decision.plan import NothingToDo
from headstart.facts.state import DatabaseFacts, History
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import Connection
from headstart.revisions.known_states import KnownStates
from headstart.revisions.naming import resolve_revisions
from headstart.settings.request import Request
from headstart.verbs.drift_report import report_drift
from headstart.verbs.inspection import Image, connected, inspector_of, read_image
from headstart.verbs.task import Task
from headstart.verbs.version_place import other_version_tables, uncertainty
from headstart.verdict.errors import InvalidSettings, StaleFingerprints, UnknownRevision
from headstart.verdict.events.schema import (
    ComparisonStarted,
    ExplanationSuperseded,
    ProofEstablished,
)
from headstart.verdict.outcome import Outcome

_CURE = "undo the difference by hand, or put it into a new revision"


def diff(task: Task, request: Request) -> Outcome:
    """Compare the schema with what a revision builds, or the version row's. Raises Drifted."""
    image = read_image(task)
    if image.fingerprints.usable is None:
        task.emit(ExplanationSuperseded())
        raise _useless(image.fingerprints)
    inspector = inspector_of(task, image)
    with connected(task) as connection:
        facts = inspector.read_facts(connection)
        rows = facts.version_rows
        wanted = rows
        if request.revision is not None:
            wanted = tuple(sorted(resolve_revisions(image.project, request.revision, "--revision")))
        task.emit(ComparisonStarted(rows))
        uncertainty(task)
        if request.revision is None and not wanted:
            raise _nothing_to_compare_with(task, image, connection, facts)
        _refuse_unknown(wanted, image.history)
        with Catalog(connection) as catalog:
            comparison = inspector.compare(catalog, wanted)
    if comparison is None or comparison.expected is None:
        raise StaleFingerprints(f"{image.fingerprints.path} says nothing about {', '.join(wanted)}")
    task.emit(ProofEstablished(report_drift(task, Occasion.DIFF, comparison, wanted, _CURE)))
    return Outcome.SAME


def _nothing_to_compare_with(
    task: Task, image: Image, connection: Connection, facts: DatabaseFacts
) -> InvalidSettings:
    others = other_version_tables(image, connection, facts)
    wrong = elsewhere(task.settings.version_table, others, NothingToDo())
    if wrong is not None:
        return InvalidSettings(str(wrong), next_step=wrong.next_step)
    return InvalidSettings(
        "there is no version row to compare with",
        next_step="name a revision: headstart diff --revision REVISION",
    )


def _refuse_unknown(rows: tuple[str, ...], history: History) -> None:
    unknown = [row for row in rows if row not in history.requirements]
    if unknown:
        raise UnknownRevision(
            f"the version row names {', '.join(map(repr, unknown))}, which this image does not"
            " contain",
            next_step="compare with a revision of this image (--revision), or use an image that"
            " contains this one",
        )


def _useless(fingerprints: KnownStates) -> StaleFingerprints:
    why = f"proves nothing: {fingerprints.why_not}" if fingerprints.why_not else "does not exist"
    return StaleFingerprints(f"{fingerprints.path} {why}")
