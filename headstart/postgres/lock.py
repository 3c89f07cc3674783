"""The run lock: one run at a time, also behind PgBouncer, and no orphan still at work.

A transaction-level advisory lock on a connection of its own, held for the whole run: a transaction
pins its server connection in a transaction pooler, so the lock can neither leak nor move there.
That connection runs only lock functions, pg_locks and pg_stat_*: a single SELECT on a user's table
would keep a lock against our own DDL. How it is waited for is in lock_polling.py.

An example: runs A and B of one image start at once.

    A  BEGIN; pg_try_advisory_xact_lock(RUN_LOCK_KEY): true, then the same for A's nonce: true.
       Waits for orphans, inspects, upgrades; meanwhile a thread asks SELECT 1 every 2 s.
    B  BEGIN; ..(RUN_LOCK_KEY): false, so no nonce. ROLLBACK, name the holder, pause; again.
    A's worker, first in each of its transactions: who holds A's nonce, in this database? Nobody, if
       env.py connects elsewhere, or if the lock is lost: then nothing is done.
    A  ROLLBACK.   B  true, true. Inspects only now: nothing is left to do.

If A is killed, the server ends its transaction, and B goes on as above; A's statement may still be
at work, so B waits for it first (orphans.py).
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

import psycopg2

from headstart.postgres.advisory_lock import held_condition
from headstart.postgres.connect_failure import TO_A_PRIMARY
from headstart.postgres.connection import ConnectFailed, Connection, Resolve
from headstart.postgres.guards import LOCK_IDLE_SECONDS
from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.lock_polling import POLL_SECONDS, LockWait, acquire
from headstart.postgres.orphans import await_orphans
from headstart.postgres.patience import Patience, connect_when_free
from headstart.postgres.slots import (
    ConnectionLimit,
    no_second_connection,
    read_connection_limits,
)
from headstart.postgres.waits import Wait, read_waits
from headstart.process.deadline import Deadline, backoff_seconds
from headstart.verdict.errors import (
    ConnectionLost,
    HeadstartError,
    WrongDatabase,
)

HEARTBEAT_SECONDS = 2.0
"""Below any sane idle_transaction_timeout of a pooler, and how soon a lost lock is noticed."""
SILENCE_SECONDS = 7.0
"""How long a heartbeat may stay unanswered; a server that is busy, or paused, may take a while."""
UNANSWERED_SECONDS = 3.0
"""After this a heartbeat's answer is overdue, though the lock is not given up yet."""

STARVED_SECONDS = LOCK_IDLE_SECONDS - 1.0
"""A heartbeat that came so late, after its last answer, tells by itself why the lock is lost."""

LOST = "the connection that held the run lock was lost"
LOST_MEANWHILE = (
    "the run lock was lost before the database could be looked at; if that was a failover, it may"
    " have lost the last commit"
)
ELSEWHERE = (
    "each new connection leads to another server than the one that holds the run lock: to a"
    " standby, say, behind the same name"
)


class RunLock:
    """A held lock, watched by a heartbeat; `nonce` is the key of the fence beside it.

    `found_empty`: the database had no table when the lock was taken, as somebody has seen.
    """

    def __init__(
        self, connection: Connection, nonce: int, lost: Callable[[ConnectionLost | None], None]
    ) -> None:
        self.nonce = nonce
        self.found_empty = False
        self._connection = connection
        self._tell_lost = lost
        self._in_use = threading.Lock()
        self._released = threading.Event()
        self._lost = False
        # set while an answer is awaited, so that is_unanswered() need not ask
        self._asked_at: float | None = None
        self._answered_at = time.monotonic()
        self._starved_seconds = 0.0
        self._watch = threading.Thread(target=self._beat, name="lock-heartbeat", daemon=True)
        self._watch.start()

    def ensure_held(self) -> None:
        """Raise ConnectionLost once a heartbeat has failed."""
        if self._lost:
            raise ConnectionLost(LOST)

    def is_lost(self) -> bool:
        """Whether the lock is gone, or nobody answers any more; one round trip."""
        if not self._lost:
            self._ask(self._beat_once)
        return self._lost

    def is_seen_by(self, connection: Connection) -> bool:
        """Whether a connection leads to the server and database where this lock is held, as yet.

        After a failover, or on a standby, it does not. Raises psycopg2.Error and TimeoutError.
        """
        held = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(self.nonce)}"
        seen = connection.execute(f"SELECT EXISTS ({held})", timeout_seconds=POLL_SECONDS)
        return bool(seen[0][0])

    def login(self) -> Mapping[str, str]:
        """What the lock's connection was made with."""
        return self._connection.login

    def connection_limits(self) -> tuple[ConnectionLimit, ...]:
        """The CONNECTION LIMITs of our role and database; none where nobody answers."""
        limits: list[ConnectionLimit] = []
        self._ask(lambda: limits.extend(read_connection_limits(self._connection)))
        return tuple(limits)

    def waits(self, processes: Collection[int]) -> tuple[Wait, ...]:
        """Who keeps these backends waiting; none where nobody answers."""
        waits: list[Wait] = []
        self._ask(lambda: waits.extend(read_waits(self._connection, processes)))
        return tuple(waits)

    def is_unanswered(self) -> bool:
        """Whether the lock is gone, or an answer to a heartbeat is overdue; asks nobody."""
        asked_at = self._asked_at
        overdue = asked_at is not None and time.monotonic() - asked_at > UNANSWERED_SECONDS
        return self._lost or overdue

    def starvation(self) -> ConnectionLost | None:
        """Why the lock is lost, if that is because this process did not run; else None."""
        if self._starved_seconds < STARVED_SECONDS:
            return None
        return ConnectionLost(
            f"this process did not run for {self._starved_seconds:.0f} s, for a revision kept the"
            " interpreter (one long call in C) or the machine stopped it, and the server gave up"
            " the run lock",
            next_step="run again: what was committed is kept; if it happens again, split what the"
            " revision does into shorter calls, or move it to SQL",
        )

    def explain_missing_fence(self, standby: bool) -> HeadstartError:
        """Why a worker did not see the fence: our lock is gone, or it works somewhere else."""
        if self.is_lost():
            return ConnectionLost(LOST)
        if standby:  # a name may lead to either; the next attempt, to the other
            return ConnectionLost(
                "env.py's connection leads to a standby, while headstart holds the run lock on"
                " the primary",
                next_step=TO_A_PRIMARY,
            )
        return WrongDatabase(
            "env.py connects to another database than the one that headstart locked",
            next_step="let env.py use the URL that headstart gives it (sqlalchemy.url), or set"
            " DATABASE_URL to the database that env.py uses",
        )

    def release(self) -> None:
        """End the lock's transaction; a lost connection has released it already.

        Raises nothing: what ends the run is what the verdict has to tell.
        """
        # first, so that the heartbeat does not call the end of its own connection a loss
        self._released.set()
        if self.is_unanswered():
            self._connection.break_off()
        self._watch.join(POLL_SECONDS)
        if not self._lost:
            self._ask(self._end_transaction)
        with suppress(psycopg2.Error):
            self._connection.close()

    def _beat(self) -> None:
        while not self._lost and not self._released.wait(HEARTBEAT_SECONDS):
            self._ask(self._beat_once)
        if not self._released.is_set():
            self._tell_lost(self.starvation())

    def _beat_once(self) -> None:
        self._connection.execute("SELECT 1", timeout_seconds=SILENCE_SECONDS)

    def _end_transaction(self) -> None:
        self._connection.execute("ROLLBACK", timeout_seconds=UNANSWERED_SECONDS)

    def _ask(self, ask: Callable[[], None]) -> None:
        # one connection, several threads: the heartbeat, the pulse, and whoever asks is_lost()
        with self._in_use:
            if self._lost:
                return
            self._asked_at = asked_at = time.monotonic()
            try:
                ask()
                self._asked_at, self._answered_at = None, time.monotonic()
            except (psycopg2.Error, TimeoutError, OSError, ValueError):  # the socket may be gone
                self._starved_seconds = asked_at - self._answered_at
                self._lost = True


@contextmanager
def hold_lock(wait: LockWait) -> Iterator[RunLock]:
    """Hold the run lock for the length of the block.

    At the deadline raises LockUnavailable, naming the holder, or Unreachable if nothing answers
    any more. Raises AccessRefused when the server refuses this role meanwhile, and ConnectionLost.
    """
    nonce = secrets.randbits(62)
    connection = acquire(wait, nonce)
    try:
        await_orphans(connection, wait.deadline, wait.emit)
    except (psycopg2.Error, TimeoutError):
        connection.close()
        raise ConnectionLost(LOST) from None
    except BaseException:
        connection.close()
        raise
    lock = RunLock(connection, nonce, wait.lost)
    try:
        yield lock
    except ConnectionLost as error:
        raise lock.starvation() or error from error.__cause__
    finally:
        lock.release()


def connect_beside(
    lock: RunLock, connect: Callable[[], Connection], deadline: Deadline
) -> Connection:
    """Connect to where the lock is held: a name may lead to a standby, or to what a failover left.

    Raises ConnectionLost at the deadline or with the lock, what `connect` raises, psycopg2.Error
    and TimeoutError.
    """
    attempt = 0
    while True:
        connection = connect()
        try:
            if lock.is_seen_by(connection):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        if lock.is_lost():
            raise ConnectionLost(LOST_MEANWHILE)
        if deadline.passed(time.monotonic()):
            raise ConnectionLost(ELSEWHERE, next_step=TO_A_PRIMARY)
        attempt += 1
        time.sleep(deadline.clip(backoff_seconds(attempt, random.random()), time.monotonic()))


@contextmanager
def second_connection(
    resolve: Resolve, identity: Identity, lock: RunLock, patience: Patience
) -> Iterator[Connection]:
    """Have a connection beside the one that holds the lock; a pooler may have none left.

    Raises PoolExhausted when nothing answers in POLL_SECONDS, Unreachable when no slot gets free
    within the patience, AccessRefused, and ConnectionLost with the lock.
    """
    limits = lock.connection_limits
    patience = replace(patience, is_hopeless=lambda: any(each.is_too_small for each in limits()))
    with ExitStack() as stack:
        try:
            name = identity.name(Purpose.READ)
            opened = connect_beside(
                lock,
                lambda: connect_when_free(resolve, name, patience, POLL_SECONDS),
                patience.deadline,
            )
            connection = stack.enter_context(opened)
        except (ConnectFailed, TimeoutError, psycopg2.Error) as error:
            if lock.is_lost():  # it is the server that is gone, not a pool's connections
                raise ConnectionLost(LOST) from None
            raise no_second_connection(error, limits) from None
        yield connection
