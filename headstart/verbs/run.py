"""The job: wait, lock, inspect, decide, apply, verify. The report is the caller's.

This is the file to read first. Each step is a function of its own module; nothing here knows SQL,
Alembic's insides or how a log line looks.
"""

from typing import assert_never

from headstart.decision.explanation import of_proof
from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade, decide
from headstart.facts.state import DatabaseFacts, State
from headstart.postgres.lock import RunLock
from headstart.revisions.history import read_history
from headstart.revisions.probe import Probe, probe_env, refuse_unsafe
from headstart.revisions.project import Project, load_project
from headstart.revisions.reading import Execute, OwnCatalogue
from headstart.revisions.upgrade import Listener, Run, run_without_revisions, upgrade
from headstart.settings.kinds import Verify
from headstart.verbs.app_environment import app_environment
from headstart.verbs.compare import read_known
from headstart.verbs.task import Task
from headstart.verbs.under_lock import locked, wait_for_database, worker_under
from headstart.verbs.verification import Look
from headstart.verdict.outcome import Outcome
from headstart.verdict.proof import Proof


def run_job(task: Task) -> Outcome:
    """THE FLOW. Every end that is not success raises HeadstartError or Cancelled."""
    settings = task.settings
    with app_environment(task, connected=False):  # scripts may import the app and its settings
        project = load_project(settings.alembic_ini, settings.target, settings.x)
        history = read_history(project, settings.target, settings.baseline)
    known = read_known(task, project, history)
    task.signals.install()
    wait_for_database(task)
    with locked(task) as lock:
        probe = probe_env(project, worker_under(task, lock))
        look = Look(task, project, history, probe, known)
        facts, state, finding = look.tell_state()
        plan = decide(state, facts, history, settings.ahead, finding)
        _note(task, facts, state, plan)
        with look.read_back():
            outcome = _apply(plan, project, _run(task, probe, lock, look, plan), settings.target)
            task.record.proof = _verify(plan, look)
    return outcome


def _note(task: Task, facts: DatabaseFacts, state: State, plan: Plan) -> None:
    task.record.state = state
    task.record.from_revisions = facts.version_rows
    more: dict[str, object] = {}
    if isinstance(plan, Baseline):
        more = {"revisions": list(plan.revisions), "proof": plan.proof.value}
        if plan.proven is not None:
            task.record.explain(of_proof(plan.proven))
    task.say("plan_made", state=state.value, plan=plan.slug, **more)


def _run(task: Task, probe: Probe, lock: RunLock, look: Look, plan: Plan) -> Run:
    def border() -> None:
        task.signals.install()
        task.signals.raise_if_received()
        lock.ensure_held()

    def partly_applied(revision: str) -> None:
        task.record.partly_applied = revision

    def before_stamp(execute: Execute) -> None:
        if isinstance(plan, Baseline) and plan.proven is not None:
            look.prove_again(OwnCatalogue(execute), plan.revisions)

    def left_transaction(revision: str) -> None:
        task.record.left_transaction = revision

    listener = Listener(
        border,
        task.record.applied.append,
        partly_applied,
        look.back,
        before_stamp,
        left_transaction=left_transaction,
    )
    return Run(probe, listener, task.settings.heartbeat_seconds)


def _apply(plan: Plan, project: Project, run: Run, target: str) -> Outcome:
    match plan:
        case NothingToDo(ahead=True):
            return Outcome.AHEAD_COMPATIBLE
        case NothingToDo():
            # env.py runs to its end all the same, as with Alembic: it may configure a second
            # version table, of which the verdict would say nothing
            run_without_revisions(project, run)
            return Outcome.NOTHING_TO_DO
        case Upgrade():
            refuse_unsafe(project, run.probe, plan.pending)
            upgrade(project, target, run)
            return Outcome.UPGRADED
        case Baseline():
            refuse_unsafe(project, run.probe, plan.pending)
            upgrade(project, target, run, plan.revisions)
            return Outcome.BASELINED
        case Refuse():
            raise plan.error
        case _:
            assert_never(plan)


def _verify(plan: Plan, look: Look) -> Proof:
    """Believe the database, not ourselves: the version row, the indexes, then the schema."""
    changed = not isinstance(plan, NothingToDo)
    rows = look.verify_rows() if changed else look.task.record.to_revisions or ()
    look.refuse_invalid()
    if isinstance(plan, NothingToDo) and plan.ahead:  # what a newer revision builds nobody knows
        return plan.proof
    # an operator has said that the schema may differ
    found = look.verify_schema(rows, failing=changed and plan.proof is not Proof.OPERATOR)
    if plan.proof is Proof.OPERATOR or look.task.settings.verify is Verify.OFF:
        return plan.proof
    return found
