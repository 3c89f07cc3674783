"""Wait for the run lock by polling with the *try* form.

A waiter that blocks would hold a snapshot, and deadlock with CREATE INDEX CONCURRENTLY. What one
attempt does is in lock_attempt.py. Of the ordinary runs that wait for those of targets, one
announces that, and keeps its connection; the others come and go, so that they do not take every
slot.
"""

import secrets
import time
from collections.abc import Callable

import psycopg2

from headstart.postgres.connect_cures import TO_A_PRIMARY
from headstart.postgres.connect_failure import ConnectFailure, error_of, is_full
from headstart.postgres.connection import ConnectFailed, Connection, Resolve, connect
from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.lock_attempt import POLL_SECONDS, Answer, Keys, try_lock
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

MOVING = 3
"""As after this many polls a waiter goes on where the lock has passed from one run to another: the
next one will most likely have nothing to do."""
KEPT_POLLS = 3
"""So many polls have one connection; after them each has its own, and none is kept meanwhile."""
ANNOUNCED_SECONDS = 0.2
"""The longest pause of who announces: no run of a target begins meanwhile."""
YIELD_SECONDS = 1.0
"""So often a pooler may lend its connection to who waits for one: below what that waits for
(POLL_SECONDS), and it may be the very run that is waited for."""


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
        self._wait, self._keys = wait, Keys(nonce, wait.identity.target)
        self._connection: Connection | None = None
        self._announced, self._yielded_at = False, 0.0
        self._attempt, self._pauses, self._reported = 0, 0, 0.0
        self._holder: Holder | None = None
        self._failure: ConnectFailure | None = None
        self._refusal: Refusal | None = None
        self._heard_at = time.monotonic()

    def acquire(self) -> tuple[Connection, bool]:
        """Poll, and say so now and then, until the lock is taken or the wait is over."""
        try:
            return self._acquired(), self._attempt > 1
        except BaseException:  # Cancelled, for one: neither a lock nor an announcement must stay
            self._close()
            raise

    def _acquired(self) -> Connection:
        while True:
            self._attempt += 1
            self._failure = self._refusal = None
            if (taken := self._poll()) is not None:
                return taken
            kept = self._attempt < KEPT_POLLS or self._announced
            if not kept or self._refusal is not None:
                self._close()  # many waiters would take every slot, and starve the one that works
            now = time.monotonic()
            if (error := self._error(now)) is not None:
                raise error
            self._report(now)
            self._pauses += 1
            pause = backoff_seconds(self._pauses, secrets.randbelow(100) / 100)
            pause = min(pause, ANNOUNCED_SECONDS) if self._announced else pause
            time.sleep(self._wait.deadline.clip(pause, now))

    def _poll(self) -> Connection | None:
        """Try once; the connection if the lock was taken."""
        try:
            if self._connection is None:
                name = self._wait.identity.name(Purpose.LOCK)
                self._connection = connect(self._wait.resolve(), name)
            self._yield_to_others(self._connection)
            answer = try_lock(
                self._connection, self._keys, announce=self._is_kept_out, announced=self._announced
            )
        except ConnectFailed as error:
            self._failure = error.failure
            if is_full(error.failure):  # by those who wait for the same
                self._heard_at = time.monotonic()
            return None
        except (psycopg2.Error, TimeoutError) as error:
            # a pooler's queue may swallow or disconnect a poll: start over, and go on waiting
            self._refusal = refusal_of(error, self._keys.functions)
            if self._connection is not None:
                self._heard_at = time.monotonic()  # by a pooler, in whose queue a poll may hang
            return None
        self._announced = answer is Answer.ANNOUNCED
        if answer is Answer.STANDBY:
            self._refusal = STANDBY
            return None
        self._heard_at = time.monotonic()
        if answer is Answer.TAKEN:
            return self._connection  # within the transaction that holds it
        self._find_holder(self._connection)
        return None

    def _yield_to_others(self, connection: Connection) -> None:
        now = time.monotonic()
        if self._announced and now - self._yielded_at >= YIELD_SECONDS:
            connection.execute("ROLLBACK", timeout_seconds=POLL_SECONDS)
            self._announced, self._yielded_at = False, now

    @property
    def _is_kept_out(self) -> bool:
        """Whether an ordinary run has seen runs of targets, which may come one after the other."""
        shared = self._holder is not None and self._holder.is_shared
        return shared and self._keys.target is None

    def _find_holder(self, connection: Connection) -> None:
        try:
            found = describe_holder(connection, self._keys.target, POLL_SECONDS)
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
            self._connection, self._announced = None, False
