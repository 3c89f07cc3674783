"""The job: wait, lock, inspect, decide, apply, verify. The report is the caller's.

This is the file to read first. Each step is a function of its own module; nothing here knows SQL,
Alembic's insides or how a log line looks.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import assert_never

from headstart.connection import ConnectFailed
from headstart.database_url import sqlalchemy_url
from headstart.errors import ConnectionLost, HeadstartError, NotCommitted
from headstart.identity import Purpose
from headstart.inspection import inspect_database
from headstart.lock import LockWait, RunLock, hold_lock, require_second_connection
from headstart.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade, decide
from headstart.revisions.environment import Worker, probe_env
from headstart.revisions.project import Project, created_tables, load_project, read_history
from headstart.revisions.upgrade import Run, run_without_revisions, stamp, upgrade
from headstart.state import DatabaseFacts, History, Scope, State, TableName, detect
from headstart.task import Task
from headstart.verdict import Outcome
from headstart.wait import WaitLimits, wait_until_accepting

WORKER_CONNECT_SECONDS = "10"
"""libpq's limit for each host of env.py's own connection, where the URL names none."""


def run_job(task: Task) -> Outcome:
    """THE FLOW. Every end that is not success raises HeadstartError or Cancelled."""
    settings = task.settings
    project = load_project(settings.alembic_ini, settings.x)
    history = read_history(project, settings.target, settings.baseline)
    task.signals.install()
    _wait(task)
    with _locked(task) as lock:
        worker = _worker(task, lock)
        scope, tables = probe_env(project, worker)
        look = _Look(task, project, scope, tables)
        facts = look.read()
        state = detect(facts, history)
        plan = decide(state, facts, history, settings.ahead)
        _note(task, facts, state, plan)
        with look.read_back():
            outcome = _apply(plan, task, project, _run(task, worker, lock))
            _verify(plan, history, look)
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
    named = {"connect_timeout": WORKER_CONNECT_SECONDS} | dict(task.resolve())
    return Worker(
        url=sqlalchemy_url(named | {"application_name": name}),
        application_name=name,
        nonce=lock.nonce,
        lock_timeout_seconds=task.settings.ddl_lock_timeout_seconds,
        statement_timeout_seconds=task.settings.statement_timeout_seconds,
        explain_missing_fence=lock.explain_missing_fence,
        register_cancel=task.signals.register_cancel,
        say=task.say,
    )


def _note(task: Task, facts: DatabaseFacts, state: State, plan: Plan) -> None:
    task.record.state = state
    task.record.from_revisions = task.record.to_revisions = facts.version_rows
    task.say("plan_made", state=state.value, plan=plan.slug)


def _run(task: Task, worker: Worker, lock: RunLock) -> Run:
    def border() -> None:
        task.signals.install()
        task.signals.raise_if_received()
        lock.ensure_held()

    return Run(worker, border, task.record.applied.append, task.settings.heartbeat_seconds)


def _apply(plan: Plan, task: Task, project: Project, run: Run) -> Outcome:
    target = task.settings.target
    match plan:
        case NothingToDo(ahead=True):
            return Outcome.AHEAD_COMPATIBLE
        case NothingToDo():
            # env.py runs to its end all the same, as with Alembic: it may configure a second
            # version table, of which the verdict would say nothing
            run_without_revisions(project, run)
            return Outcome.NOTHING_TO_DO
        case Upgrade():
            upgrade(project, target, run)
            return Outcome.UPGRADED
        case Baseline():
            stamp(project, plan.revisions, run)
            if plan.pending:
                upgrade(project, target, run)
            return Outcome.BASELINED
        case Refuse():
            raise plan.error
        case _:
            assert_never(plan)


def _verify(plan: Plan, history: History, look: "_Look") -> None:
    """Believe the database, not ourselves. The proof by fingerprint will stand here too."""
    if isinstance(plan, NothingToDo):
        return
    facts = look.read()
    look.task.record.to_revisions = facts.version_rows
    if detect(facts, history) is not State.AT_HEAD:
        raise NotCommitted(
            f"after the run the version row is {', '.join(facts.version_rows) or 'not there'},"
            f" not {', '.join(sorted(history.targets))}"
        )


class _Look:
    """Reads the facts, on a new connection each time."""

    def __init__(
        self, task: Task, project: Project, scope: Scope, tables: frozenset[TableName]
    ) -> None:
        self.task = task
        self._scope = scope
        self._tables: Callable[[], frozenset[TableName]] = lambda: (
            tables | frozenset(created_tables(project))
        )

    def read(self) -> DatabaseFacts:
        try:
            with self.task.connect(Purpose.READ) as connection:
                return inspect_database(connection, self._scope, self._tables)
        except ConnectFailed as error:
            raise ConnectionLost(f"the database went away: {error}") from None

    @contextmanager
    def read_back(self) -> Iterator[None]:
        """Where the block fails, tell what the database has now rather than what we think."""
        try:
            yield
        except BaseException:
            self.task.record.to_revisions = None
            with suppress(HeadstartError):
                self.task.record.to_revisions = self.read().version_rows
            raise
