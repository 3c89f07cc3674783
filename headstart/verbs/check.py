"""The verb check: is the database ready for this image? Takes no lock, runs no env.py."""

from dataclasses import replace
from typing import assert_never

from headstart.decision.drift import Occasion, Response, response_to_drift
from headstart.decision.elsewhere import elsewhere, note_of
from headstart.decision.explanation import of_proof
from headstart.decision.hold import of_held
from headstart.decision.index_repair import InvalidIndex, names_of, unusable
from headstart.decision.newer import of_newer
from headstart.decision.pending_detach import PendingDetach, of_pending, unfinished
from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade
from headstart.facts.state import DatabaseFacts, State, written
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import Connection
from headstart.postgres.inspection import run_in_progress
from headstart.settings.request import Request
from headstart.values import dataclass
from headstart.verbs.compare import Comparison
from headstart.verbs.drift_report import report_drift
from headstart.verbs.inspection import (
    Image,
    Inspector,
    connected,
    inspector_of,
    read_image,
)
from headstart.verbs.task import Task
from headstart.verbs.version_place import is_table_named, other_version_tables, uncertainty
from headstart.verdict.errors import Explanation, HeadstartError, NotReady
from headstart.verdict.events.database import AttemptStarted
from headstart.verdict.events.schema import (
    Explained,
    ProofEstablished,
    StateDetected,
    VersionRowsRead,
)
from headstart.verdict.outcome import Outcome
from headstart.verdict.proof import Proof


@dataclass(frozen=True)
class Outlook:
    """What a run would find now, and what it would do.

    `elsewhere` is the error where another table has the version rows: then no plan may be told.
    `notes` say what may make the answer wrong.
    """

    facts: DatabaseFacts
    state: State
    plan: Plan
    in_progress: bool
    comparison: Comparison | None
    invalid: tuple[InvalidIndex, ...]
    elsewhere: HeadstartError | None = None
    notes: tuple[str, ...] = ()
    pending: tuple[PendingDetach, ...] = ()

    def refuse_unfinished(self) -> None:
        """Raise where an index is INVALID, or a partition half detached: that is not ready."""
        if self.invalid:
            raise unusable(self.invalid)
        if self.pending:
            raise unfinished(self.pending)


def check(task: Task, request: Request) -> Outcome:
    """Is the database ready for this image? Raises NotReady, or what a run would refuse with."""
    if request.image:
        from headstart.verbs.image_check import check_image  # no other verb needs it

        return check_image(task, request)
    return check_against(read_image(task), task, Occasion.CHECK)


def check_against(image: Image, task: Task, occasion: Occasion, attempt: int = 1) -> Outcome:
    """Check against an image that was read before: only the database is asked."""
    outlook = ask(image, task, occasion, attempt)
    if outlook.in_progress:
        raise NotReady(
            "a run is in progress", next_step="wait for it to end, then run headstart check again"
        )
    if outlook.elsewhere is not None:
        raise outlook.elsewhere
    match outlook.plan:
        case NothingToDo():
            return _ready(task, outlook, outlook.plan, occasion)
        case Upgrade():
            task.emit(Explained(names_of(outlook.invalid)))
            task.emit(Explained(of_pending(outlook.pending, made_anew=True)))
            raise NotReady(f"pending: {', '.join(outlook.plan.pending)}")
        case Baseline():
            raise _not_stamped(outlook.plan)
        case Refuse():
            raise outlook.plan.error
        case _:
            assert_never(outlook.plan)


def _ready(task: Task, outlook: Outlook, plan: NothingToDo, occasion: Occasion) -> Outcome:
    # an index is no reason to take out of service what is running: 26 in the next run
    proven_newer = plan.newer is not None and plan.proof is Proof.FINGERPRINT
    if occasion is not Occasion.PROBE and not proven_newer:
        outlook.refuse_unfinished()
    if plan.newer is not None:
        task.emit(Explained(of_newer(plan.newer)))
    task.emit(ProofEstablished(plan.proof))
    if outlook.comparison is not None:
        rows = outlook.facts.version_rows
        task.emit(ProofEstablished(report_drift(task, occasion, outlook.comparison, rows)))
    if plan.held:
        task.emit(Explained(of_held(plan.held)))
        return Outcome.HELD
    return Outcome.AHEAD_COMPATIBLE if plan.ahead else Outcome.NOTHING_TO_DO


def _not_stamped(plan: Baseline) -> NotReady:
    what = "our tables exist without a version row; a run would baseline them at"
    if plan.instead_of:
        what = f"{written(plan.instead_of)} was squashed; a run would replace the version row by"
    return NotReady(
        f"{what} {written(plan.revisions)}",
        explanation=of_proof(plan.proven) if plan.proven is not None else None,
    )


def ask(image: Image, task: Task, occasion: Occasion, attempt: int = 1) -> Outlook:
    """Look at the database once, and decide what a run would do; `attempt` counts the looks."""
    task.emit(AttemptStarted())
    inspector = inspector_of(task, image)
    with connected(task, attempt) as connection:
        in_progress = run_in_progress(connection, task.target)
        inspection = inspector.inspect(connection, Catalog(connection))
        # whoever asks need not be able to do it: a check may run with the app's own role
        facts = replace(inspection.facts, may_create=True)
        plan = inspector.plan(replace(inspection, facts=facts))
        comparison = None
        if _is_to_be_compared(task, plan, occasion):
            comparison = _comparison(inspector, connection, facts.version_rows)
        # of many, the tables of the others are nobody's doubt, and reading them all takes its time
        of_many = task.target is not None
        others = () if of_many else other_version_tables(image, connection, facts)
        # it may have begun meanwhile
        in_progress = in_progress or run_in_progress(connection, task.target)
    task.emit(StateDetected(inspection.state, facts.version_rows))
    task.emit(VersionRowsRead(facts.version_rows))
    looked, is_named = task.settings.version_table, is_table_named(task)
    notes = (*uncertainty(task, attempt), *(note_of(looked, others) if is_named else ()))
    task.emit(Explained(Explanation(notes)))
    wrong = None if is_named else elsewhere(looked, others, plan)
    invalid = inspection.invalid
    return Outlook(
        facts,
        inspection.state,
        plan,
        in_progress,
        comparison,
        invalid,
        wrong,
        notes,
        inspection.pending,
    )


def _is_to_be_compared(task: Task, plan: Plan, occasion: Occasion) -> bool:
    """Whether the schema has to be that of its version rows: they say that it is ready."""
    skipped = response_to_drift(task.settings.verify, occasion) is Response.SKIP
    return not skipped and isinstance(plan, NothingToDo) and plan.newer is None


def _comparison(
    inspector: Inspector, connection: Connection, rows: tuple[str, ...]
) -> Comparison | None:
    with Catalog(connection) as catalog:
        return inspector.compare(catalog, rows)
