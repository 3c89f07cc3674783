"""Run the revisions of a plan: each is reported as applied after its COMMIT, never before."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.util import CommandError
from sqlalchemy import Connection

from headstart.revisions.begun import Begun
from headstart.revisions.environment import Mode, Pass, Steps, run_environment
from headstart.revisions.failure import named_failures
from headstart.revisions.probe import Probe
from headstart.revisions.project import Project
from headstart.revisions.reading import Execute
from headstart.revisions.stamping import stamp_steps
from headstart.revisions.transactions import TransactionWatch, commit_rest
from headstart.revisions.upgrade_functions import refuse_unfinished
from headstart.verdict.errors import NotReady, RevisionFailed
from headstart.verdict.events.event import Emit
from headstart.verdict.events.revisions import BaselineStamped, RevisionRunning, RevisionStarted


@dataclass(frozen=True)
class Committed:
    """What a second connection sees: every applied revision, and whether a transaction was kept."""

    revisions: frozenset[str]
    transaction_kept: bool


@dataclass(frozen=True)
class Listener:
    """What a run calls on the way.

    `before_revision` raises when the run must not go on; `applied` is called after each COMMIT,
    with the revision and the seconds that it took; `partly_applied`, after a failure, with a
    revision that had committed a part of its work;
    `look_back` asks a second connection, also for the fate of a transaction; `before_stamp` may ask
    the one that stamps, in its transaction, and raises when that must not be; `migrated` may ask
    the one that migrates after each revision, committed or, in mode ATOMIC, not;
    `left_transaction` gets a revision that goes on outside the transaction it began in.
    """

    before_revision: Callable[[], None]
    applied: Callable[[str, float], None]
    partly_applied: Callable[[str], None]
    look_back: Callable[[int | None], Committed]
    before_stamp: Callable[[Execute], None] = lambda _: None
    migrated: Callable[[str, Connection], None] = lambda _, __: None
    left_transaction: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Decided:
    """What a plan decided on these version rows: what to run, and what to stamp before."""

    pending: tuple[str, ...]
    rows: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ()


@dataclass
class Run:
    """One pass over env.py: what it works through, and how far it is.

    `order` numbers revisions that have to come in an order of their own, before all others.
    """

    probe: Probe
    listener: Listener
    heartbeat_seconds: float
    order: Mapping[str, int] = field(default_factory=dict)
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
        return self.probe.worker.emit

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
        if self.probe.mode is Mode.PER_REVISION:
            self.tell_committed(revisions)

    def tell_committed(self, committed: frozenset[str]) -> None:
        """Tell of each step that is over and committed."""
        waiting = [step for step in self.ended if not step[0] <= committed]
        for step in self.ended:
            if step not in waiting:
                step[1]()
        self.ended = waiting


def upgrade(project: Project, target: str, run: Run, decided: Decided | None = None) -> None:
    """Upgrade to `target`, by exactly the steps that were decided, if any were.

    Raises RevisionFailed, Blocked, ConnectionLost, BrokenHistory, NotReady.
    """

    def steps(heads: Any, context: Any) -> Iterator[Any]:
        run.failure = run.current = None  # env.py may have rolled back, and try again
        if decided is not None and decided.baseline:
            yield from _stamp(project, decided.baseline, heads, context, run)
            heads = decided.baseline
        pending = _pending(project, target, heads, decided, run)
        run.watch.note_heads(heads)
        if decided is not None:
            _refuse_other_steps([step.revision.revision for step in pending], decided, run)
        if run.order:
            last = len(run.order)
            pending.sort(key=lambda step: run.order.get(step.revision.revision, last))
        for number, step in enumerate(pending, start=1):
            yield from _one(step, f"{number} of {len(pending)}", context.connection, run)
        run.done = True

    _run(project, run, steps)


def _pending(
    project: Project, target: str, heads: Any, decided: Decided | None, run: Run
) -> list[Any]:
    """Alembic's steps. Raises NotReady where it has none from rows that others changed."""
    try:
        return list(project.directory._upgrade_revs(target, heads))
    except CommandError as error:
        if decided is None or run.ran or set(heads) == set(decided.baseline or decided.rows):
            raise
        run.failure = _rows_changed(heads, decided.rows, f": {error}")  # env.py may swallow it
        raise run.failure from None


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
        run.failure = NotReady(  # env.py may swallow it
            f"the plan was to run {', '.join(decided.pending) or 'none'}, but Alembic would now run"
            f" {shown}",
            next_step=_RUN_AGAIN,
        )
        raise run.failure


def run_without_revisions(project: Project, run: Run, rows: tuple[str, ...]) -> None:
    """Run env.py to its end with nothing to apply, as Alembic does at head.

    Raises NotReady where the version rows are no longer those on which that was decided, and what
    upgrade() raises.
    """

    def steps(heads: Any, _: Any) -> tuple[Any, ...]:
        if set(heads) != set(rows):
            run.failure = _rows_changed(heads, rows)  # env.py may swallow it
            raise run.failure
        run.done = True
        return ()

    _run(project, run, steps)


def _stamp(
    project: Project,
    revisions: tuple[str, ...],
    heads: tuple[str, ...],
    context: Any,
    run: Run,
) -> Iterator[Any]:
    def ask(execute: Execute) -> None:
        try:
            run.listener.before_stamp(execute)
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
            link = run.probe.worker.link
            link.hear_failure(error, connection)
            if isinstance(error, Exception) and not link.gone:  # else nobody may answer
                run.watch.hear_failure(connection)
            raise

    step.migration_fn = migrate_and_check
    run.emit(RevisionStarted(revision, number, step.doc))
    run.started, run.current = time.monotonic(), revision
    yield step
    if run.probe.mode is Mode.PER_REVISION:
        # Alembic resumes us after the transaction of this step has been committed
        commit_rest(connection)
    run.listener.migrated(revision, connection)
    run.end_step(frozenset([revision]), _teller(revision, time.monotonic() - run.started, run))


def _teller(revision: str, seconds: float, run: Run) -> Callable[[], None]:
    return lambda: run.listener.applied(revision, round(seconds, 3))


def _run(project: Project, run: Run, steps: Steps) -> None:
    ended = threading.Event()
    pulse = threading.Thread(target=_beat, args=(run, ended), name="revision-pulse", daemon=True)
    pulse.start()
    work = Pass(
        steps,
        may_split=run.probe.mode is Mode.PER_REVISION,
        scope=run.probe.scope,
        heard=run,
        failure=lambda: run.failure,
    )
    try:
        running, link = (lambda: run.current), run.probe.worker.link
        with named_failures(project, running, lambda: run.done, lambda: run.watch.left, link):
            _raise_first(run, lambda: run_environment(project, run.probe.worker, work))
    except BaseException:
        _settle(run)
        raise
    finally:
        ended.set()
        pulse.join()
    _settle(run)


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


def _beat(run: Run, ended: threading.Event) -> None:
    while not ended.wait(run.heartbeat_seconds):
        if (revision := run.current) is not None:
            seconds = round(time.monotonic() - run.started, 1)
            run.emit(RevisionRunning(revision, seconds))
