"""The job: wait, lock, run env.py, and in it inspect, decide and apply; then verify.

This is the file to read first. Each step is a function of its own module; nothing here knows SQL,
Alembic's insides or how a log line looks. The report is the caller's.
"""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, assert_never

from headstart.decision.drift import Occasion
from headstart.decision.explanation import of_proof
from headstart.decision.hold import of_held
from headstart.decision.newer import of_newer
from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade
from headstart.postgres.lock import RunLock
from headstart.revisions.configured import Configured, configured_by, refuse_unsafe
from headstart.revisions.env_pass import Started
from headstart.revisions.history import confirm
from headstart.revisions.project import Project
from headstart.revisions.reading import OwnConnection
from headstart.revisions.run import Committed, Decided, Listener, Run
from headstart.revisions.upgrade import upgrade
from headstart.revisions.worker import Worker
from headstart.settings.request import Request
from headstart.verbs.held_locks import reader_of, telling
from headstart.verbs.inspection import Image, Inspection, image_of, read_project
from headstart.verbs.meanwhile import done_meanwhile
from headstart.verbs.record_keeping import recording_of
from headstart.verbs.record_note import RecordNote
from headstart.verbs.target_place import refuse_other_table
from headstart.verbs.task import Task
from headstart.verbs.under_lock import locked, wait_for_database, worker_under
from headstart.verbs.verification import Verification
from headstart.verdict.errors import EnvSkipped
from headstart.verdict.events.database import DatabaseNotReady
from headstart.verdict.events.revisions import PlanMade
from headstart.verdict.events.schema import Explained, ProofEstablished, StateDetected
from headstart.verdict.outcome import Outcome
from headstart.verdict.proof import Proof

if TYPE_CHECKING:
    from headstart.decision.agreed import Agreed

POLL_SECONDS = 5.0
"""How often the database is looked at where env.py has left the work to somebody else."""


def run(task: Task, _: Request) -> Outcome:
    """THE FLOW. Every end that is not success raises HeadstartError or Cancelled."""
    project = read_project(task)
    # what the text of the scripts tells is refused before anybody connects
    image = None if project.untold else image_of(task, project)
    agreed = _agreed(task)
    task.signals.install()
    wait_for_database(task)
    with locked(task) as lock:
        if (outcome := done_meanwhile(task, lock)) is not None:
            return outcome
        worker = worker_under(task, lock)
        migration = Migration(task, project, image, worker, lock)
        return migration.run(agreed)


def _agreed(task: Task) -> "Agreed | None":
    """The plan of HEADSTART_PLAN, to which the run keeps. Raises InvalidSettings."""
    if task.settings.plan is None:
        return None
    from headstart.verbs.agreed_plan import read_agreed

    return read_agreed(task.settings.plan)


class Migration:
    """One run of env.py under the lock; what is decided in it, and what came of that."""

    def __init__(
        self, task: Task, project: Project, image: Image | None, worker: Worker, lock: RunLock
    ) -> None:
        self._task, self._project, self._image = task, project, image
        self._worker, self._lock = worker, lock
        self._made: tuple[Plan, Verification, Inspection] | None = None
        self._note: RecordNote | None = None
        self._agreed: Agreed | None = None
        self._held = reader_of(task, lock)
        worker.link.spare = self._held.give_up

    def run(self, agreed: "Agreed | None") -> Outcome:
        """Run env.py, which decides and applies, and believe the database, not ourselves."""
        task, self._agreed = self._task, agreed
        work = Run(
            self._worker,
            self._listener(),
            task.settings.heartbeat_seconds,
            task.settings.ddl_retry_seconds,
        )
        try:
            upgrade(self._project, task.settings.target, work)
            self._held.give_up()
            if self._made is None:
                self._made = self._left_to_others()
            outcome, proof = _conclude(*self._made)
        except BaseException as error:
            self._held.give_up()
            found = error if self._made is None else self._verification.read_back(error)
            if self._note is not None and work.current is not None:
                self._note.failed(found, work.current)
            if found is not error:
                raise found from error
            raise
        task.emit(ProofEstablished(proof))
        return outcome

    def _listener(self) -> Listener:
        task = self._task

        def border() -> None:
            task.signals.install()
            task.signals.raise_if_received()
            self._lock.ensure_held()

        return Listener(
            decide=self._decide,
            before_revision=border,
            applied=telling(task, self._lock),
            partly_applied=self._note_partly_applied,
            look_back=self._look_back,
            committed=self._note_committed,
            before_stamp=self._before_stamp,
            left_transaction=self._note_left,
            make_way=self._make_way,
            locks=self._held,
        )

    def _look_back(self, transactions: Collection[int]) -> Committed:
        return self._verification.read_committed(transactions)

    def _note_committed(self, revisions: frozenset[str]) -> None:
        self._verification.note_committed(revisions)

    def _note_partly_applied(self, revision: str, certain: bool) -> None:
        self._verification.note_partly_applied(revision, certain=certain)

    def _make_way(self, revision: str) -> None:
        self._verification.make_way(revision)

    def _note_left(self, revision: str) -> None:
        self._verification.note_left_transaction(revision)
        if self._note is not None:
            self._note.begun(revision)

    @property
    def _verification(self) -> Verification:
        assert self._made is not None
        return self._made[1]

    def _verifying(self, image: Image, configured: Configured | None) -> Verification:
        make_room = self._worker.link.end_idle
        return Verification(self._task, self._lock, image, configured, make_room)

    def _decide(self, now: Started) -> Decided:
        """Called in env.py, on its connection: what is to run is imported here, as with Alembic."""
        image = self._confirmed()
        configured = configured_by(self._worker, now)
        verification = self._verifying(image, configured)
        connection = OwnConnection(now.connection)
        inspection = verification.inspect_in(connection)
        refuse_other_table(self._task, configured.scope, inspection.facts.version_column)
        plan = verification.plan(inspection)
        if self._agreed is not None:
            from headstart.verbs.agreed_plan import Agreement  # no other run needs it

            agreement = Agreement(self._task, self._agreed, image, configured.scope)
            agreement.enforce(connection, inspection, plan)
        if isinstance(plan, Upgrade | Baseline):
            self._project.import_pending(frozenset(plan.pending))
            confirm(self._project)
        self._made = plan, verification, inspection
        _note(self._task, inspection, plan)
        return self._decided(plan, image, configured, inspection)

    def _decided(
        self, plan: Plan, image: Image, configured: Configured, inspection: Inspection
    ) -> Decided:
        """What to run in env.py. Raises what is refused, which nothing in there can undo."""
        facts, scope = inspection.facts, configured.scope
        self._held.schema = scope.schema
        match plan:
            case NothingToDo():
                return Decided(scope, rows=facts.version_rows)
            case Upgrade() | Baseline():
                stamped = plan.revisions if isinstance(plan, Baseline) else ()
                refuse_unsafe(image.project, configured, plan.pending)
                recording = recording_of(self._task, image, facts, scope, plan)
                self._note = RecordNote(self._task, recording, scope.role) if recording else None
                target = tuple(sorted(image.history.without(plan.held).targets))
                upto = target if plan.held else None
                old = plan.instead_of if isinstance(plan, Baseline) else ()
                rows = facts.version_rows
                return Decided(scope, plan.pending, rows, stamped, recording, upto, old)
            case Refuse():
                raise plan.error
            case _:
                assert_never(plan)

    def _confirmed(self) -> Image:
        """The image, which is what the text of its scripts told; else all of them are imported."""
        if self._image is None:
            self._image = image_of(self._task, self._project.imported())
        else:
            self._project.import_doubtful()
            confirm(self._project)
        return self._image

    def _before_stamp(self, connection: OwnConnection) -> None:
        plan, verification, _ = self._made or (None, None, None)
        if verification and isinstance(plan, Baseline) and plan.proven is not None:
            verification.prove_again(connection, plan.revisions)

    def _left_to_others(self) -> tuple[Plan, Verification, Inspection]:
        """What is to be done where env.py has ended, and never came to its migrations.

        It may skip them where another process holds a lock of its own. That one may need a while:
        what counts is what the database has in the end. Raises EnvSkipped.
        """
        task = self._task
        if self._image is None:
            with self._project.imports_allowed():
                self._confirmed()
        image, deadline = self._image, task.within(task.settings.lock_seconds)
        assert image is not None
        while True:
            verification = self._verifying(image, None)
            inspection = verification.inspect_anew()
            plan = verification.plan(inspection)
            late = deadline.passed(time.monotonic())
            if late or isinstance(plan, NothingToDo | Refuse):
                break
            pause = deadline.clip(POLL_SECONDS, time.monotonic())
            task.emit(DatabaseNotReady("env.py has not run its migrations", round(pause, 3)))
            time.sleep(pause)
        _note(task, inspection, plan)
        if isinstance(plan, Upgrade | Baseline):
            raise EnvSkipped(
                "env.py ended without calling context.run_migrations(), though the database is"
                f" {inspection.state}"
            )
        return plan, verification, inspection


def _note(task: Task, inspection: Inspection, plan: Plan) -> None:
    task.emit(StateDetected(inspection.state, inspection.facts.version_rows))
    if not isinstance(plan, Refuse):
        task.emit(Explained(of_held(plan.held)))
    if not isinstance(plan, Baseline):
        if isinstance(plan, NothingToDo) and plan.newer is not None:
            task.emit(Explained(of_newer(plan.newer)))
        task.emit(PlanMade(inspection.state, plan.slug))
        return
    if plan.proven is not None:
        task.emit(Explained(of_proof(plan.proven)))
    task.emit(PlanMade(inspection.state, plan.slug, plan.revisions, plan.proof))


def _conclude(
    plan: Plan, verification: Verification, inspection: Inspection
) -> tuple[Outcome, Proof]:
    """Believe the database, not ourselves: the version row, what is unfinished, then the schema."""
    rows = inspection.facts.version_rows
    match plan:
        case NothingToDo() if plan.newer is not None:  # what newer revisions build nobody knows
            if plan.proof is Proof.OPERATOR:  # else the judgement has seen the indexes
                verification.refuse_unfinished()
            return Outcome.AHEAD_COMPATIBLE, plan.proof
        case NothingToDo():
            outcome = Outcome.NOTHING_TO_DO
        case Upgrade():
            outcome = Outcome.UPGRADED
        case Baseline():
            outcome = Outcome.BASELINED
        case Refuse():
            raise plan.error
        case _:
            assert_never(plan)
    if not isinstance(plan, NothingToDo):
        rows = verification.verify_rows(plan.held)
    verification.refuse_unfinished()
    applied = plan.pending if isinstance(plan, Upgrade | Baseline) else ()
    proof = verification.verify_schema(rows, _occasion(plan), applied)
    outcome = Outcome.HELD if plan.held else outcome
    return outcome, plan.proof if proof is None or plan.proof is Proof.OPERATOR else proof


def _occasion(plan: NothingToDo | Upgrade | Baseline) -> Occasion:
    if isinstance(plan, NothingToDo):
        return Occasion.UNCHANGED
    return Occasion.OVERRIDDEN if plan.proof is Proof.OPERATOR else Occasion.CHANGED
