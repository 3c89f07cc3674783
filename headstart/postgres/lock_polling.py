"""Wait for the run lock by polling with the *try* form.

A waiter that blocks would hold a snapshot, and deadlock with CREATE INDEX CONCURRENTLY.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg2

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.connect_failure import ConnectFailure, error_of
from headstart.postgres.connection import ConnectFailed, Connection, Resolve, connect
from headstart.postgres.guards import LOCK_IDLE_SECONDS, SERVER_SIDE
from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.lock_holder import Holder, describe_holder
from headstart.process.deadline import Deadline, backoff_seconds
from headstart.verdict.errors import ConnectionLost, LockUnavailable
from headstart.verdict.events.database import ConnectionFailed, LockWaited
from headstart.verdict.events.event import Emit

POLL_SECONDS = 5.0
"""The client-side limit of one poll, which may hang in a pooler's queue."""
LONGEST_PAUSE_SECONDS = 1.0


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


def acquire(wait: LockWait, nonce: int) -> Connection:
    """Poll until the lock is taken; give the connection, in the transaction that holds it.

    At the deadline raises LockUnavailable, naming the holder, or Unreachable if nothing answers
    any more. Raises AccessRefused when the server refuses this role meanwhile.
    """
    connection: Connection | None = None
    attempt, holder, reported = 0, Holder("unknown"), 0.0
    heard_at = time.monotonic()
    while True:
        attempt += 1
        failure: ConnectFailure | None = None
        try:
            connection = connection or connect(wait.resolve(), wait.identity.name(Purpose.LOCK))
            heard_at = time.monotonic()  # by a pooler too, in whose queue a poll may hang
            if _try_lock(connection, nonce):
                return connection  # within the transaction that holds it
            heard_at = time.monotonic()
            holder = describe_holder(connection, POLL_SECONDS) or holder
        except ConnectFailed as error:
            failure = error.failure
        except (psycopg2.Error, TimeoutError):
            # a pooler's queue may swallow or disconnect a poll: start over, and go on waiting
            _close(connection)
            connection = None
        except BaseException:  # Cancelled, for one: a lock that was just taken must not stay
            _close(connection)
            raise
        now = time.monotonic()
        over = wait.deadline.passed(now) or now - heard_at >= wait.silence_seconds
        # a failure to connect names itself; a run that can connect, and waits, names the holder
        if failure is not None and (failure.permanent or over):
            raise error_of(failure, attempt)
        if wait.deadline.passed(now):
            _close(connection)
            raise LockUnavailable(
                f"another run held the lock until the deadline: {holder}", next_step=holder.cure
            )
        if attempt == 1 or now - reported >= wait.report_seconds:
            _report(wait, attempt, failure, holder)
            reported = now
        pause = min(LONGEST_PAUSE_SECONDS, backoff_seconds(attempt, secrets.randbelow(100) / 100))
        time.sleep(wait.deadline.clip(pause, now))


def _report(wait: LockWait, attempt: int, failure: ConnectFailure | None, holder: Holder) -> None:
    """Tell what is waited for: who does not answer holds nothing."""
    if failure is None:
        wait.emit(LockWaited(str(holder)))
    else:
        wait.emit(ConnectionFailed(attempt, failure.text))


def _close(connection: Connection | None) -> None:
    if connection is not None:
        connection.close()


def _try_lock(connection: Connection, nonce: int) -> bool:
    rows = connection.execute(
        "BEGIN ISOLATION LEVEL READ COMMITTED;"
        + "".join(
            f"SET LOCAL {name} = {value};"
            for name, value in _settings(connection.server_version).items()
        )
        + f"SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock({RUN_LOCK_KEY})"
        f" THEN pg_catalog.pg_try_advisory_xact_lock({nonce}) END",
        timeout_seconds=POLL_SECONDS,
    )
    if rows[0][0]:
        return True
    connection.execute("ROLLBACK", timeout_seconds=POLL_SECONDS)
    return False


def _settings(server_version: int) -> Mapping[str, str]:
    """No setting of a role may end the lock's transaction; that its client is gone has to."""
    settings = {
        "idle_in_transaction_session_timeout": f"'{LOCK_IDLE_SECONDS}s'",
        "statement_timeout": "0",
        "lock_timeout": "0",
        **SERVER_SIDE,
    }
    return settings | ({"transaction_timeout": "0"} if server_version >= 170000 else {})
