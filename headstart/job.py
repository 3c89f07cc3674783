"""The job: wait, lock, inspect, decide, apply, verify. The report is the caller's.

This is the file to read first. Each step is a function of its own module; nothing here knows SQL,
Alembic's insides or how a log line looks.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import assert_never

from headstart.connection import ConnectFailed, Connection
from headstart.driver_url import async_drivers, sqlalchemy_url
from headstart.errors import ConnectionLost, HeadstartError, NotCommitted
from headstart.identity import Purpose
from headstart.inspection import cancel_backend, inspect_database, transaction_kept
from headstart.lock import LockWait, RunLock, hold_lock, require_second_connection
from headstart.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade, decide
from headstart.revisions.environment import Mode
from headstart.revisions.history import read_history
from headstart.revisions.probe import Probe, probe_env, refuse_unsafe
from headstart.revisions.project import Project, load_project
from headstart.revisions.script_source import created_tables
from headstart.revisions.upgrade import Committed, Listener, Run, run_without_revisions, upgrade
from headstart.revisions.worker import Worker
from headstart.state import DatabaseFacts, History, State, detect
from headstart.task import Task
from headstart.verdict import Outcome
from headstart.wait import WaitLimits, wait_until_accepting

WORKER_CONNECT_SECONDS = "10"
"""libpq's limit for each host of env.py's own connection, where the URL names none."""


def run_job(task: Task) -> Outcome:
    """THE FLOW. Every end that is not success raises HeadstartError or Cancelled."""
    settings = task.settings
    project = load_project(settings.alembic_ini, settings.target, settings.x)
    history = read_history(project, settings.target, settings.baseline)
    task.signals.install()
    _wait(task)
    with _locked(task) as lock:
        probe = probe_env(project, _worker(task, lock))
        look = _Look(task, project, history, probe)
        facts = look.read()
        state = detect(facts, history)
        plan = decide(state, facts, history, settings.ahead)
        _note(task, facts, state, plan)
        with look.read_back():
            outcome = _apply(plan, project, _run(task, probe, lock, look), settings.target)
            _verify(plan, look)
            task.record.proof = plan.proof
    return outcome


def _wait(task: Task) -> None:
    settings = task.settings
    limits = WaitLimits(
        task.within(settings.wait_seconds), task.within(settings.access_grace_seconds)
    )
    name = task.identity.name(Purpose.WAIT)
    wait_until_accepting(task.resolve, name, limits, task.say, task.record)


@contextmanager
def _locked(task: Task) -> Iterator[RunLock]:
    """Hold the run lock, with a second connection at hand, until the run's deadline."""
    settings, started = task.settings, time.monotonic()
    deadline = task.within(settings.lock_seconds)
    wait = LockWait(task.resolve, task.identity, deadline, task.say, settings.heartbeat_seconds)
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(hold_lock(wait))
        finally:
            task.record.lock_wait_seconds = time.monotonic() - started
        task.say("lock_acquired", seconds=round(task.record.lock_wait_seconds, 3))
        require_second_connection(task.resolve, task.identity)
        if settings.deadline_seconds is not None:
            task.signals.end_after(task.deadline.remaining(time.monotonic()))
        yield lock


def _worker(task: Task, lock: RunLock) -> Worker:
    # the name is set in each transaction too; here for what an autocommit block runs outside of one
    name = task.identity.name(Purpose.WORK)
    database = task.database()
    parameters = {
        "connect_timeout": WORKER_CONNECT_SECONDS,
        **database.parameters,
        "application_name": name,
    }
    return Worker(
        url_for=lambda driver: sqlalchemy_url(parameters, driver, database.driver_options),
        application_name=name,
        nonce=lock.nonce,
        lock_timeout_seconds=task.settings.ddl_lock_timeout_seconds,
        statement_timeout_seconds=task.settings.statement_timeout_seconds,
        explain_missing_fence=lock.explain_missing_fence,
        register_cancel=task.signals.register_cancel,
        cancel_backend=lambda process: _cancel_backend(task, name, process),
        say=task.say,
        async_drivers=async_drivers(database.driver),
    )


def _cancel_backend(task: Task, name: str, process: int) -> None:
    with task.connect(Purpose.LOCK) as connection:
        cancel_backend(connection, name, process)


def _note(task: Task, facts: DatabaseFacts, state: State, plan: Plan) -> None:
    task.record.state = state
    task.record.from_revisions = facts.version_rows
    task.say("plan_made", state=state.value, plan=plan.slug)


def _run(task: Task, probe: Probe, lock: RunLock, look: "_Look") -> Run:
    def border() -> None:
        task.signals.install()
        task.signals.raise_if_received()
        lock.ensure_held()

    def partly_applied(revision: str) -> None:
        task.record.partly_applied = revision

    listener = Listener(border, task.record.applied.append, partly_applied, look.back)
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


def _verify(plan: Plan, look: "_Look") -> None:
    """Believe the database, not ourselves. The proof by fingerprint will stand here too."""
    if isinstance(plan, NothingToDo):
        return
    facts = look.read()
    if detect(facts, look.history) is not State.AT_HEAD:
        found = ", ".join(facts.version_rows) or "not there"
        raise NotCommitted(
            f"after the run the version row is {found}, not"
            f" {', '.join(sorted(look.history.targets))}",
            next_step=look.cure_of_rollback(),
        )


_UNCOMMITTED = (
    "env.py begins a transaction before context.configure() and never commits it: commit what it"
    " executes there, or use engine.begin() instead of engine.connect()"
)
_ROLLED_BACK = (
    "env.py does not commit the transaction of its revisions, or rolls it back: let it commit, and"
    " take away what asks for a dry run (-x, say)"
)


class _Look:
    """Reads the facts, on a new connection each time; the verdict's `to` is what it saw last."""

    def __init__(self, task: Task, project: Project, history: History, probe: Probe) -> None:
        self.task = task
        self.history = history
        self._project = project
        self._probe = probe

    def read(self) -> DatabaseFacts:
        with self._connected() as connection:
            return self._read(connection)

    def back(self, transaction: int | None) -> Committed:
        """What has been committed; nothing where nobody answers any more."""
        with suppress(HeadstartError), self._connected() as connection:
            known = [r for r in self._read(connection).version_rows if r in self.history.parents]
            return Committed(
                self.history.applied_with(known),
                transaction is not None and transaction_kept(connection, transaction),
            )
        return Committed(frozenset(), transaction_kept=False)

    @contextmanager
    def read_back(self) -> Iterator[None]:
        """Where the block fails, tell what the database has now rather than what we think."""
        try:
            yield
        except BaseException:
            self.task.record.to_revisions = None
            with suppress(HeadstartError):
                self.read()
            raise

    def cure_of_rollback(self) -> str | None:
        """What to do where nothing was committed; None where the mode does not explain that."""
        if self._probe.begun_by_env:
            return _UNCOMMITTED
        return _ROLLED_BACK if self._probe.mode is Mode.ATOMIC else None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = self.task.connect(Purpose.READ)
        except ConnectFailed as error:
            raise ConnectionLost(f"the database went away: {error}") from None
        with connection:
            yield connection

    def _read(self, connection: Connection) -> DatabaseFacts:
        facts = inspect_database(
            connection,
            self._probe.scope,
            lambda: self._probe.tables | frozenset(created_tables(self._project)),
        )
        self.task.record.to_revisions = facts.version_rows
        return facts
