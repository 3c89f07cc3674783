"""Run env.py once: decide in it, then run the plan; a revision is reported after its COMMIT."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.util import CommandError
from sqlalchemy import Connection

from headstart.facts.state import Scope
from headstart.revisions.begun import Begun
from headstart.revisions.environment import Mode, Pass, Started, Starting, Steps, run_environment
from headstart.revisions.failure import named_failures
from headstart.revisions.output import HARD_EXIT
from headstart.revisions.project import Project
from headstart.revisions.pulse import pulse
from headstart.revisions.reading import OwnConnection
from headstart.revisions.script_source import env_rolls_back
from headstart.revisions.stamping import stamp_steps
from headstart.revisions.transactions import TransactionWatch, commit_rest
from headstart.revisions.upgrade_functions import refuse_unfinished
from headstart.revisions.worker import Worker
from headstart.verdict.errors import NotReady, RevisionFailed
from headstart.verdict.events.event import Emit
from headstart.verdict.events.revisions import BaselineStamped, RevisionStarted


@dataclass(frozen=True)
class Committed:
    """What a second connection sees: every applied revision, and whether a transaction was kept."""

    revisions: frozenset[str]
    transaction_kept: bool


@dataclass(frozen=True)
class Decided:
    """What a plan decided on these version rows: what to run, and what to stamp before.

    `scope` is where env.py works. Nothing to run and nothing to stamp is a plan, too.
    """

    scope: Scope
    pending: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listener:
    """What a run calls on the way.

    `decide` is called when env.py calls context.run_migrations(), in a transaction on its
    connection, and raises what is refused; `before_revision` raises when the run must not go on;
    `applied` is called after each COMMIT, with the revision and the seconds that it took;
    `partly_applied`, after a failure, with a revision that had committed a part of its work;
    `look_back` asks a second connection, also for the fate of a transaction; `before_stamp` may ask
    the one that stamps, in its transaction, and raises when that must not be; `migrated` may ask
    the one that migrates after each revision, committed or, in mode ATOMIC, not;
    `left_transaction` gets a revision that goes on outside the transaction it began in.
    """

    decide: Callable[[Started], Decided]
    before_revision: Callable[[], None]
    applied: Callable[[str, float], None]
    partly_applied: Callable[[str], None]
    look_back: Callable[[int | None], Committed]
    before_stamp: Callable[[OwnConnection], None] = lambda _: None
    migrated: Callable[[str, Connection], None] = lambda _, __: None
    left_transaction: Callable[[str], None] = lambda _: None


@dataclass
class Run:
    """The pass over env.py: what it works through, and how far it is.

    `order` numbers revisions that have to come in an order of their own, before all others.
    `decided` is None as long as env.py has not called context.run_migrations().
    """

    worker: Worker
    listener: Listener
    heartbeat_seconds: float
    order: Mapping[str, int] = field(default_factory=dict)
    decided: Decided | None = field(default=None, init=False)
    mode: Mode = field(default=Mode.ATOMIC, init=False)
    current: str | None = field(default=None, init=False)
    done: bool = field(default=False, init=False)
    ran: set[str] = field(default_factory=set, init=False)
    started: float = field(default=0.0, init=False)
    failure: BaseException | None = field(default=None, init=False)
    ended: list[tuple[frozenset[str], Callable[[], None]]] = field(default_factory=list, init=False)
    watch: TransactionWatch = field(default_factory=TransactionWatch, init=False)

    @property
    def emit(self) -> Emit:
        """Where the worker's events go."""
        return self.worker.emit

    def begun(self, transaction: Begun | None) -> None:
        """A transaction has begun, or an autocommit block (None)."""
        self.watch.begun(transaction)
        self._note_left()

    def ending(self, connection: Connection) -> None:
        """A transaction is about to end."""
        self.watch.ending(connection)

    def executing(self, connection: Connection, statement: str) -> None:
        """A statement is about to be sent."""
        if self.watch.hear_statement(connection, statement):
            self._note_left()

    def executed(self, statement: str) -> None:
        """A statement has succeeded."""
        self.watch.hear_done(statement)

    def _note_left(self) -> None:
        if self.current is not None and self.watch.left:
            self.listener.left_transaction(self.current)

    def end_step(self, revisions: frozenset[str], tell: Callable[[], None]) -> None:
        """A step is over; in mode per_revision Alembic has committed it by now."""
        self.current = None
        self.ran |= revisions
        self.ended.append((revisions, tell))
        if self.mode is Mode.PER_REVISION:
            self.tell_committed(revisions)

    def forget(self, pending: frozenset[str]) -> None:
        """What is pending again has been rolled back since, if it has run."""
        self.ran -= pending
        self.ended = [step for step in self.ended if not step[0] & pending]

    def tell_committed(self, committed: frozenset[str]) -> None:
        """Tell of each step that is over and committed."""
        waiting = [step for step in self.ended if not step[0] <= committed]
        for step in self.ended:
            if step not in waiting:
                step[1]()
        self.ended = waiting


def upgrade(project: Project, target: str, run: Run) -> None:
    """Run env.py, and in it exactly the steps that were decided.

    As with Alembic, it runs to its end where nothing is to be applied, too. Raises RevisionFailed,
    Blocked, ConnectionLost, BrokenHistory, NotReady, and what the listener refuses.
    """

    def starting(now: Started) -> Scope:
        run.mode = now.mode
        # decided once: env.py may roll back, and try what is left once more
        run.decided = run.decided or run.listener.decide(now)
        return run.decided.scope

    def steps(heads: Any, context: Any) -> Iterator[Any]:
        run.failure = run.current = None  # env.py may have rolled back, and try again
        try:
            yield from _steps(project, target, run, heads, context)
        except NotReady as error:
            run.failure = error  # env.py may swallow it
            raise
        run.done = True

    _run(project, run, starting, steps)


def _steps(project: Project, target: str, run: Run, heads: Any, context: Any) -> Iterator[Any]:
    decided = run.decided
    assert decided is not None
    if not decided.pending and not decided.baseline:
        if set(heads) != set(decided.rows):
            raise _rows_changed(heads, decided.rows)
        return
    if not heads:
        # in the transaction of the first step, and not before the plan
        context._ensure_version_table()
    if decided.baseline and not (heads and set(decided.baseline) <= run.ran):
        yield from _stamp(project, decided.baseline, heads, context, run)
        heads = decided.baseline
    pending = _pending(project, target, heads, decided, run)
    run.forget(frozenset(step.revision.revision for step in pending))
    run.watch.note_heads(heads)
    _refuse_other_steps([step.revision.revision for step in pending], decided, run)
    if run.order:
        last = len(run.order)
        pending.sort(key=lambda step: run.order.get(step.revision.revision, last))
    for number, step in enumerate(pending, start=1):
        yield from _one(step, f"{number} of {len(pending)}", context.connection, run)


def _pending(project: Project, target: str, heads: Any, decided: Decided, run: Run) -> list[Any]:
    """Alembic's steps. Raises NotReady where it has none from rows that others changed."""
    try:
        return list(project.directory._upgrade_revs(target, heads))
    except CommandError as error:
        if run.ran or set(heads) == set(decided.baseline or decided.rows):
            raise
        raise _rows_changed(heads, decided.rows, f": {error}") from None


def _rows_changed(heads: Sequence[str], rows: Sequence[str], cause: str = "") -> NotReady:
    return NotReady(
        f"the version rows are {', '.join(heads) or 'gone'} now, no longer"
        f" {', '.join(rows) or 'none'}{cause}",
        next_step=_RUN_AGAIN,
    )


_RUN_AGAIN = "run again; something else is changing the version rows of this database"


def _refuse_other_steps(pending: Sequence[str], decided: Decided, run: Run) -> None:
    """What was decided is what is run; less what has run already, where env.py tries once more."""
    wanted = set(decided.pending)
    missing = wanted - run.ran - set(pending)
    if missing or not set(pending) <= wanted:
        shown = ", ".join(pending) or "none"
        raise NotReady(
            f"the plan was to run {', '.join(decided.pending) or 'none'}, but Alembic would now run"
            f" {shown}",
            next_step=_RUN_AGAIN,
        )


def _stamp(
    project: Project,
    revisions: tuple[str, ...],
    heads: tuple[str, ...],
    context: Any,
    run: Run,
) -> Iterator[Any]:
    def ask(connection: OwnConnection) -> None:
        try:
            run.listener.before_stamp(connection)
        except BaseException as error:
            run.failure = error  # env.py may swallow it
            raise

    run.listener.before_revision()
    try:
        yield from stamp_steps(project, revisions, heads, context, ask)
    except Exception as error:
        run.failure = error
        raise
    run.end_step(frozenset(revisions), lambda: run.emit(BaselineStamped(revisions)))


def _one(step: Any, number: str, connection: Connection, run: Run) -> Iterator[Any]:
    run.listener.before_revision()
    revision = step.revision.revision
    run.watch.start_revision(connection)
    migrate = step.migration_fn

    def migrate_and_check(**options: Any) -> None:
        try:
            refuse_unfinished(migrate(**options), revision)
            run.watch.ensure_kept(connection, revision)
        except BaseException as error:
            run.failure = error  # env.py may swallow it
            link = run.worker.link
            link.hear_failure(error, connection)
            if isinstance(error, Exception) and not link.gone:  # else nobody may answer
                run.watch.hear_failure(connection)
            raise

    step.migration_fn = migrate_and_check
    run.emit(RevisionStarted(revision, number, step.doc))
    run.started, run.current = time.monotonic(), revision
    yield step
    if run.mode is Mode.PER_REVISION:
        # Alembic resumes us after the transaction of this step has been committed
        commit_rest(connection)
    run.listener.migrated(revision, connection)
    run.end_step(frozenset([revision]), _teller(revision, time.monotonic() - run.started, run))


def _teller(revision: str, seconds: float, run: Run) -> Callable[[], None]:
    return lambda: run.listener.applied(revision, round(seconds, 3))


def _run(project: Project, run: Run, starting: Starting, steps: Steps) -> None:
    may_split = not env_rolls_back(project)
    work = Pass(starting, steps, may_split, heard=run, failure=lambda: run.failure)
    try:
        running, link = (lambda: run.current), run.worker.link
        with (
            pulse(run.worker, lambda: (run.current, run.started), run.heartbeat_seconds),
            named_failures(project, running, lambda: run.done, lambda: run.watch.left, link),
        ):
            _raise_first(run, lambda: _run_once(project, run, work))
    except BaseException:
        _settle(run)
        raise
    _settle(run)


def _run_once(project: Project, run: Run, work: Pass) -> None:
    try:
        run_environment(project, run.worker, work)
    except SystemExit as error:
        # one that leaves so before its migrations has ended without them, and says that all is well
        said_well = not error.code or error.code == HARD_EXIT.format(0)
        if not said_well or run.decided is not None:
            raise


def _raise_first(run: Run, work: Callable[[], None]) -> None:
    """A revision that raised has failed, whatever env.py made of its error."""
    try:
        work()
    except BaseException as error:
        if run.failure is None or run.failure is error:
            raise
        raise run.failure from error
    if run.failure is not None:
        raise run.failure
    if run.current is not None:
        raise RevisionFailed(f"revision {run.current} did not end, and env.py swallowed its error")


def _settle(run: Run) -> None:
    """Tell what has been committed without our having seen it: by env.py, or as we failed."""
    if not run.ended and run.current is None:
        return
    current = run.current
    if current is not None:
        teller = _teller(current, time.monotonic() - run.started, run)
        run.ended.append((frozenset([current]), teller))
    committed = run.listener.look_back(run.watch.first)
    run.tell_committed(committed.revisions)
    kept = committed.transaction_kept or run.watch.kept_outside
    if current is not None and kept and current not in committed.revisions:
        run.listener.partly_applied(current)
