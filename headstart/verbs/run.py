"""The job: wait, lock, inspect, decide, apply, verify. The report is the caller's.

This is the file to read first. Each step is a function of its own module; nothing here knows SQL,
Alembic's insides or how a log line looks.
"""

from typing import assert_never

from headstart.decision.drift import Occasion
from headstart.decision.explanation import of_proof
from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade, decide
from headstart.postgres.lock import RunLock
from headstart.revisions.probe import Probe, probe_env, refuse_unsafe
from headstart.revisions.project import Project
from headstart.revisions.reading import Execute, OwnCatalog
from headstart.revisions.upgrade import Decided, Listener, Run, run_without_revisions, upgrade
from headstart.settings.request import Request
from headstart.verbs.inspection import Inspection, read_image
from headstart.verbs.task import Task
from headstart.verbs.under_lock import locked, wait_for_database, worker_under
from headstart.verbs.verification import Verification
from headstart.verdict.events.revisions import PlanMade, RevisionApplied, RevisionPartlyApplied
from headstart.verdict.events.schema import Explained, ProofEstablished, StateDetected
from headstart.verdict.outcome import Outcome
from headstart.verdict.proof import Proof


def run(task: Task, _: Request) -> Outcome:
    """THE FLOW. Every end that is not success raises HeadstartError or Cancelled."""
    settings, image = task.settings, read_image(task)
    task.signals.install()
    wait_for_database(task)
    with locked(task) as lock:
        probe = probe_env(image.project, worker_under(task, lock))
        verification = Verification(task, image, probe)
        inspection = verification.inspect()
        plan = decide(
            inspection.state, inspection.facts, image.history, settings.ahead, inspection.finding
        )
        _note(task, inspection, plan)
        with verification.read_back():
            work = _run(task, probe, lock, verification, plan)
            rows = inspection.facts.version_rows
            outcome = _apply(plan, image.project, work, settings.target, rows)
            proof = _verify(plan, verification, rows)
            task.emit(ProofEstablished(proof))
    return outcome


def _note(task: Task, inspection: Inspection, plan: Plan) -> None:
    task.emit(StateDetected(inspection.state, inspection.facts.version_rows))
    if not isinstance(plan, Baseline):
        task.emit(PlanMade(inspection.state, plan.slug))
        return
    if plan.proven is not None:
        task.emit(Explained(of_proof(plan.proven)))
    task.emit(PlanMade(inspection.state, plan.slug, plan.revisions, plan.proof))


def _run(task: Task, probe: Probe, lock: RunLock, verification: Verification, plan: Plan) -> Run:
    def border() -> None:
        task.signals.install()
        task.signals.raise_if_received()
        lock.ensure_held()

    def applied(revision: str, seconds: float) -> None:
        task.emit(RevisionApplied(revision, seconds))

    def partly_applied(revision: str) -> None:
        task.emit(RevisionPartlyApplied(revision))

    def before_stamp(execute: Execute) -> None:
        if isinstance(plan, Baseline) and plan.proven is not None:
            verification.prove_again(OwnCatalog(execute), plan.revisions)

    listener = Listener(
        border,
        applied,
        partly_applied,
        verification.read_committed,
        before_stamp,
        left_transaction=verification.note_left_transaction,
    )
    return Run(probe, listener, task.settings.heartbeat_seconds)


def _apply(plan: Plan, project: Project, run: Run, target: str, rows: tuple[str, ...]) -> Outcome:
    match plan:
        case NothingToDo(ahead=True):
            return Outcome.AHEAD_COMPATIBLE
        case NothingToDo():
            # env.py runs to its end all the same, as with Alembic: it may configure a second
            # version table, of which the verdict would say nothing
            run_without_revisions(project, run, rows)
            return Outcome.NOTHING_TO_DO
        case Upgrade():
            refuse_unsafe(project, run.probe, plan.pending)
            upgrade(project, target, run, Decided(plan.pending, rows))
            return Outcome.UPGRADED
        case Baseline():
            refuse_unsafe(project, run.probe, plan.pending)
            upgrade(project, target, run, Decided(plan.pending, rows, plan.revisions))
            return Outcome.BASELINED
        case Refuse():
            raise plan.error
        case _:
            assert_never(plan)


def _verify(plan: Plan, verification: Verification, rows: tuple[str, ...]) -> Proof:
    """Believe the database, not ourselves: the version row, the indexes, then the schema."""
    if not isinstance(plan, NothingToDo):
        rows = verification.verify_rows()
    verification.refuse_invalid()
    if isinstance(plan, NothingToDo) and plan.ahead:  # what a newer revision builds nobody knows
        return plan.proof
    applied = plan.pending if isinstance(plan, Upgrade | Baseline) else ()
    proof = verification.verify_schema(rows, _occasion(plan), applied)
    return plan.proof if proof is None or plan.proof is Proof.OPERATOR else proof


def _occasion(plan: Plan) -> Occasion:
    if isinstance(plan, NothingToDo):
        return Occasion.UNCHANGED
    return Occasion.OVERRIDDEN if plan.proof is Proof.OPERATOR else Occasion.CHANGED
