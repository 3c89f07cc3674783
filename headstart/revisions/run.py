"""One run of env.py: what was decided, how far it is, and whom it tells."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from headstart.facts.state import Scope
from headstart.revisions.begun import Begun
from headstart.revisions.env_pass import Mode, Started
from headstart.revisions.held_locks import LockReader, LockWatch, NoLockReader
from headstart.revisions.kept_work import runs_code
from headstart.revisions.lock_attempts import LockAttempts
from headstart.revisions.lock_waits import sets_limit
from headstart.revisions.reading import OwnConnection
from headstart.revisions.recording import Recording, RecordKeeper
from headstart.revisions.transaction_sql import LIMITS
from headstart.revisions.transactions import TransactionWatch
from headstart.revisions.worker import Worker, set_lock_timeout
from headstart.values import dataclass
from headstart.verdict.events.event import Emit
from headstart.verdict.held_locks import HeldLocks


@dataclass(frozen=True)
class Committed:
    """What a second connection sees: every applied revision, and which transactions were kept.

    A revision that is applied may have been applied by somebody else; the transactions are ours.
    """

    revisions: frozenset[str] = frozenset()
    transactions: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Ended:
    """A step that is over: its revisions, the transaction of its version rows, and how to tell.

    The locks that were held until the COMMIT are told with the last step of a transaction.
    """

    revisions: frozenset[str]
    transaction: int | None
    tell: Callable[[HeldLocks | None], None]

    def is_in(self, committed: Committed) -> bool:
        """Whether this run has committed it: a row alone may be somebody else's."""
        return self.transaction in committed.transactions and self.revisions <= committed.revisions


@dataclass(frozen=True)
class Decided:
    """What a plan decided on these version rows: what to run, and what to stamp before.

    `scope` is where env.py works. Nothing to run and nothing to stamp is a plan, too. `recording`
    is None where nothing is recorded. `upto` are the revisions to upgrade to, where that is not the
    target; `instead_of` the version rows that the stamped ones replace.
    """

    scope: Scope
    pending: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ()
    recording: Recording | None = None
    upto: tuple[str, ...] | None = None
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listener:
    """What a run calls on the way.

    `decide` is called when env.py calls context.run_migrations(), in a transaction on its
    connection, and raises what is refused; `before_revision` raises when the run must not go on;
    `applied` is called after each COMMIT, with the revision, the seconds that it took, and with the
    last one of a transaction what was held until then; `locks` reads that;
    `partly_applied`, after a failure, with a revision that had committed a part of its work, and
    whether that is certain;
    `committed` hears of the revisions of each step that this run has committed;
    `look_back` asks a second connection, also for the fate of transactions; `before_stamp` may ask
    the one that stamps, in its transaction, and raises when that must not be; `migrated` may ask
    the one that migrates after each revision, committed or, in mode ATOMIC, not;
    `left_transaction` gets a revision that goes on outside the transaction it began in;
    `make_way` is called with each revision before it begins, and raises what is in its way.
    """

    decide: Callable[[Started], Decided]
    before_revision: Callable[[], None]
    applied: Callable[[str, float, HeldLocks | None], None]
    partly_applied: Callable[[str, bool], None]
    look_back: Callable[[Collection[int]], Committed]
    committed: Callable[[frozenset[str]], None] = lambda _: None
    before_stamp: Callable[[OwnConnection], None] = lambda _: None
    migrated: Callable[[str, Connection], None] = lambda _, __: None
    left_transaction: Callable[[str], None] = lambda _: None
    make_way: Callable[[str], None] = lambda _: None
    locks: LockReader = field(default_factory=NoLockReader)


@dataclass
class Run:
    """The pass over env.py: what it works through, and how far it is.

    `retry_seconds` is for how long a revision is tried again that others keep from its locks.
    `order` numbers revisions that have to come in an order of their own, before all others.
    `decided` is None as long as env.py has not called context.run_migrations().
    """

    worker: Worker
    listener: Listener
    heartbeat_seconds: float
    retry_seconds: float = 0.0
    order: Mapping[str, int] = field(default_factory=dict)
    decided: Decided | None = field(default=None, init=False)
    mode: Mode = field(default=Mode.ATOMIC, init=False)
    current: str | None = field(default=None, init=False)
    done: bool = field(default=False, init=False)
    ran: set[str] = field(default_factory=set, init=False)
    started: float = field(default=0.0, init=False)
    failure: BaseException | None = field(default=None, init=False)
    ended: list[Ended] = field(default_factory=list, init=False)
    watch: TransactionWatch = field(default_factory=TransactionWatch, init=False)
    locks: LockWatch = field(init=False)
    keeper: RecordKeeper | None = field(default=None, init=False)
    attempts: LockAttempts | None = field(default=None, init=False)
    own_limits: tuple[str, ...] = field(default=(), init=False)
    _is_limited: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Let the locks be read by whom the listener names."""
        self.locks = LockWatch(self.listener.locks)

    @property
    def emit(self) -> Emit:
        """Where the worker's events go."""
        return self.worker.emit

    def keep_record(self, context: Any, pending: Collection[str]) -> None:
        """Let each version row that is written from here on be recorded, if any is."""
        recording = self.decided.recording if self.decided is not None else None
        if recording is not None and self.keeper is None:
            self.keeper = RecordKeeper(
                recording, self.emit, lambda: time.monotonic() - self.started
            )
        if self.keeper is not None:
            self.keeper.attach(context, pending)

    def _elapsed(self) -> float:
        return time.monotonic() - self.started

    def begun(self, transaction: Begun | None) -> None:
        """A transaction has begun, or an autocommit block (None)."""
        self.watch.begun(transaction)
        self.locks.begun(autocommit=transaction is None)
        self._note_left()

    def committing(self) -> None:
        """A transaction is about to be committed."""
        self.locks.committing(self.worker.link.migrates)

    def ending(self, connection: Connection, *, rolls_back: bool) -> None:
        """A transaction is about to end."""
        self.watch.ending(connection, rolls_back=rolls_back)

    def executing(self, connection: Connection, statement: str) -> None:
        """A statement is about to be sent."""
        if self.watch.hear_statement(connection, statement):
            self.committing()
            self._note_left()
        locks = self.worker.link.lock_waits
        if self.attempts is not None and sets_limit(statement):
            self.attempts.limits, locks.limit = False, None
        locks.executing()

    def executed(self, connection: Connection, statement: str) -> None:
        """A statement has succeeded."""
        self.watch.hear_done(connection, statement)
        self.worker.link.hear_done(statement)
        locks, attempts = self.worker.link.lock_waits, self.attempts
        if attempts is not None and 0 < attempts.servers_seconds <= locks.executed():
            locks.unseen |= runs_code(statement)
        self.locks.ended(goes_on=True)

    @property
    def lock_seconds(self) -> float:
        """The lock_timeout of the next transaction: a revision's attempt has its own."""
        if self.attempts is None:
            return self.worker.lock_timeout_seconds
        return self.attempts.servers_seconds

    def begin_attempts(self, revision: str, path: str, connection: Connection) -> LockAttempts:
        """A revision is about to begin, the first maybe in a transaction that is open already."""
        may_repeat = self.mode is Mode.PER_REVISION
        self.attempts = attempts = LockAttempts(
            self.worker,
            (revision, Path(path)),
            self.watch,
            may_repeat=may_repeat,
            retry_seconds=self.retry_seconds,
        )
        attempts.limits = LIMITS[0] not in self.own_limits
        if attempts.limits and attempts.seconds:
            self.worker.link.lock_waits.limit = attempts.limit
            # with the first revision; each later one's transaction begins with its own
            if connection.in_transaction() and (may_repeat or not self._is_limited):
                self._is_limited = True
                set_lock_timeout(connection, attempts.servers_seconds)
        return attempts

    def begin_again(self, connection: Connection, context: Any) -> None:
        """Roll back what an attempt has done, and begin its transaction anew."""
        if (transaction := connection.get_transaction()) is not None:
            transaction.rollback()
        self.watch.start_revision(connection)
        context._transaction = connection.begin()
        if self.attempts is not None and self.attempts.limits:
            self.worker.link.lock_waits.limit = self.attempts.limit
        context.impl.memo.clear()  # what types it has made in this transaction
        if self.watch.makes_version_table:
            context._ensure_version_table()

    def _note_left(self) -> None:
        if self.current is not None and self.watch.left:
            self.listener.left_transaction(self.current)

    def end_step(self, revisions: frozenset[str], tell: Callable[[HeldLocks | None], None]) -> None:
        """A step is over; in mode per_revision Alembic has committed it by now."""
        self.current = None
        self.ran |= revisions
        step = Ended(revisions, self.watch.row_in, tell)
        if self.mode is Mode.PER_REVISION:
            self._tell(step, self.locks.take())
        else:
            self.ended.append(step)

    def forget(self, pending: frozenset[str]) -> None:
        """What is pending again has been rolled back since, if it has run."""
        self.ran -= pending
        self.ended = [step for step in self.ended if not step.revisions & pending]

    def tell_committed(self, committed: Committed) -> None:
        """Tell of each step that is over and committed."""
        told = [step for step in self.ended if step.is_in(committed)]
        self.ended = [step for step in self.ended if step not in told]
        held = self.locks.take()
        for step in told:
            self._tell(step, held if step is told[-1] else None)

    def _tell(self, step: Ended, held: HeldLocks | None) -> None:
        self.listener.committed(step.revisions)
        step.tell(held)
