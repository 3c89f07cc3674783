"""Wait for the run lock by polling with the *try* form.

A waiter that blocks would hold a snapshot, and deadlock with CREATE INDEX CONCURRENTLY.
"""

import secrets
import time
from collections.abc import Callable, Mapping

import psycopg2

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.connect_failure import TO_A_PRIMARY, ConnectFailure, error_of, is_full
from headstart.postgres.connection import ConnectFailed, Connection, Resolve, connect
from headstart.postgres.guards import LOCK_IDLE_SECONDS, SERVER_SIDE
from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.lock_holder import UNKNOWN, Holder, describe_holder
from headstart.postgres.lock_refusal import (
    STANDBY,
    Refusal,
    lock_unavailable,
    refusal_of,
)
from headstart.process.deadline import Deadline, backoff_seconds
from headstart.values import dataclass
from headstart.verdict.errors import ConnectionLost, HeadstartError
from headstart.verdict.events.database import ConnectionFailed, LockWaited
from headstart.verdict.events.event import Emit

POLL_SECONDS = 5.0
"""The client-side limit of one poll, which may hang in a pooler's queue."""
MOVING = 3
"""As after this many polls a waiter goes on where the lock has passed from one run to another: the
next one will most likely have nothing to do."""
KEPT_POLLS = 3
"""So many polls have one connection; after them each has its own, and none is kept meanwhile."""


@dataclass(frozen=True)
class LockWait:
    """What waiting for the lock needs: where, who we are, until when, and who listens.

    `lost` is called once, by the heartbeat's thread, when the lock that was held is lost, with what
    is known of the cause. `silence_seconds` is how long a server may refuse every connection, or
    not answer, before the wait for the lock is given up.
    """

    resolve: Resolve
    identity: Identity
    deadline: Deadline
    emit: Emit
    report_seconds: float
    silence_seconds: float
    lost: Callable[[ConnectionLost | None], None]


def acquire(wait: LockWait, nonce: int) -> tuple[Connection, bool]:
    """Poll until the lock is taken.

    Gives the connection, in the transaction that holds it, and whether the first attempt failed.

    At the deadline raises LockUnavailable, naming the holder, or Unreachable if nothing answers
    any more. Raises AccessRefused when the server refuses this role, or the lock, for good, and
    ConnectionLost where only standbys answer.
    """
    return _Waiter(wait, nonce).acquire()


class _Waiter:
    """One run's wait for the lock: what the last poll came to, and what is known of the holder."""

    def __init__(self, wait: LockWait, nonce: int) -> None:
        self._wait, self._nonce = wait, nonce
        self._connection: Connection | None = None
        self._attempt, self._pauses, self._reported = 0, 0, 0.0
        self._holder: Holder | None = None
        self._failure: ConnectFailure | None = None
        self._refusal: Refusal | None = None
        self._heard_at = time.monotonic()

    def acquire(self) -> tuple[Connection, bool]:
        """Poll, and say so now and then, until the lock is taken or the wait is over."""
        while True:
            self._attempt += 1
            self._failure = self._refusal = None
            try:
                if (taken := self._poll()) is not None:
                    return taken, self._attempt > 1
            except BaseException:  # Cancelled, for one: a lock that was just taken must not stay
                self._close()
                raise
            if self._attempt >= KEPT_POLLS or self._refusal is not None:
                self._close()  # many waiters would take every slot, and starve the one that works
            now = time.monotonic()
            if (error := self._error(now)) is not None:
                self._close()
                raise error
            self._report(now)
            self._pauses += 1
            pause = backoff_seconds(self._pauses, secrets.randbelow(100) / 100)
            time.sleep(self._wait.deadline.clip(pause, now))

    def _poll(self) -> Connection | None:
        """Try once; the connection if the lock was taken."""
        try:
            if self._connection is None:
                name = self._wait.identity.name(Purpose.LOCK)
                self._connection = connect(self._wait.resolve(), name)
            taken = _try_lock(self._connection, self._nonce)
        except ConnectFailed as error:
            self._failure = error.failure
            if is_full(error.failure):  # by those who wait for the same
                self._heard_at = time.monotonic()
            return None
        except (psycopg2.Error, TimeoutError) as error:
            # a pooler's queue may swallow or disconnect a poll: start over, and go on waiting
            self._refusal = refusal_of(error)
            if self._connection is not None:
                self._heard_at = time.monotonic()  # by a pooler, in whose queue a poll may hang
            return None
        if taken is None:
            self._refusal = STANDBY
            return None
        self._heard_at = time.monotonic()
        if taken:
            return self._connection  # within the transaction that holds it
        self._find_holder(self._connection)
        return None

    def _find_holder(self, connection: Connection) -> None:
        try:
            found = describe_holder(connection, POLL_SECONDS)
            if self._holder is not None and (found is None or found.pid != self._holder.pid):
                self._pauses = min(self._pauses, MOVING - 1)
            self._holder = found or self._holder
        except (psycopg2.Error, TimeoutError):
            self._close()

    def _error(self, now: float) -> HeadstartError | None:
        """What ends the wait now; None if it goes on."""
        is_late = self._wait.deadline.passed(now)
        over = is_late or now - self._heard_at >= self._wait.silence_seconds
        # a failure to connect names itself; a run that can connect, and waits, names the holder
        if self._failure is not None and (self._failure.permanent or over):
            return error_of(self._failure, self._attempt)
        if self._refusal is STANDBY and over:
            return ConnectionLost(STANDBY.words, next_step=TO_A_PRIMARY)
        if self._refusal is not None and self._refusal.lasting:
            return self._refusal.error()
        return lock_unavailable(self._holder, self._refusal) if is_late else None

    def _report(self, now: float) -> None:
        """Tell what is waited for: who does not answer holds nothing."""
        if self._attempt > 1 and now - self._reported < self._wait.report_seconds:
            return
        self._reported = now
        failed = self._failure.text if self._failure else self._refusal and self._refusal.words
        if failed:
            self._wait.emit(ConnectionFailed(self._attempt, failed))
        else:
            self._wait.emit(LockWaited(str(self._holder or UNKNOWN)))

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _try_lock(connection: Connection, nonce: int) -> bool | None:
    """Whether the lock was taken; None on a standby, where it would be worth nothing."""
    rows = connection.execute(
        "BEGIN ISOLATION LEVEL READ COMMITTED;"
        + "".join(
            f"SET LOCAL {name} = {value};"
            for name, value in _settings(connection.server_version).items()
        )
        + "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL"
        f" WHEN pg_catalog.pg_try_advisory_xact_lock({RUN_LOCK_KEY})"
        f" THEN pg_catalog.pg_try_advisory_xact_lock({nonce}) ELSE false END",
        timeout_seconds=POLL_SECONDS,
    )
    taken = rows[0][0]
    if taken:
        return True
    connection.execute("ROLLBACK", timeout_seconds=POLL_SECONDS)
    return None if taken is None else False


def _settings(server_version: int) -> Mapping[str, str]:
    """No setting of a role may end the lock's transaction; that its client is gone has to."""
    settings = {
        "idle_in_transaction_session_timeout": f"'{LOCK_IDLE_SECONDS}s'",
        "statement_timeout": "0",
        "lock_timeout": "0",
        **SERVER_SIDE,
    }
    return settings | ({"transaction_timeout": "0"} if server_version >= 170000 else {})
