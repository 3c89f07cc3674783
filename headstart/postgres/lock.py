"""The run lock: one run at a time, also behind PgBouncer, and no orphan still at work.

A transaction-level advisory lock on a connection of its own, held for the whole run: a transaction
pins its server connection in a transaction pooler, so the lock can neither leak nor move there.
That connection runs only lock functions, pg_locks and pg_stat_*: a single SELECT on a user's table
would keep a lock against our own DDL. While revisions run it takes no snapshot either, for which
CREATE INDEX CONCURRENTLY would wait. How the lock is waited for is in lock_polling.py.

An example: runs A and B of one image start at once.

    A  BEGIN; pg_try_advisory_xact_lock(RUN_LOCK_KEY): true, then the same for A's nonce: true.
       Waits for orphans, inspects, upgrades; meanwhile a thread sends a SET LOCAL every 2 s.
    B  BEGIN; ..(RUN_LOCK_KEY): false, so no nonce. ROLLBACK, name the holder, pause; again.
    A's worker, first in each of its transactions: who holds A's nonce, in this database? Nobody, if
       env.py connects elsewhere, or if the lock is lost: then nothing is done.
    A  ROLLBACK.   B  true, true. Inspects only now: nothing is left to do.

The runs of many targets in one database share the lock, and each holds its target's key alone
(lock_attempt.py).

If A is killed, the server ends its transaction, and B goes on as above; A's statement may still be
at work, so B waits for it first (orphans.py).
"""

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress

import psycopg2

from headstart.facts.sql import PINNED
from headstart.postgres.advisory_lock import held_condition
from headstart.postgres.connect_cures import TO_A_PRIMARY
from headstart.postgres.connect_failure import answers_in
from headstart.postgres.connection import Connection
from headstart.postgres.guards import LOCK_IDLE_SECONDS
from headstart.postgres.lock_attempt import POLL_SECONDS
from headstart.postgres.lock_polling import LockWait, acquire
from headstart.postgres.orphans import await_orphans
from headstart.postgres.slots import (
    ConnectionLimit,
    read_connection_limits,
)
from headstart.postgres.waits import Sight, look_at
from headstart.process.machine import start_thread
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


def named(database: str, user: str, address: str) -> str:
    """A database for a message: by its name, as whom and at which server."""
    return f'"{database}" as {user}{f" at {address}" if address else ""}'


STARVED_SECONDS = LOCK_IDLE_SECONDS - 1.0
"""A heartbeat that came so late, after its last answer, tells by itself why the lock is lost."""

TERMINATED = "57P01"
"""admin_shutdown, of one session, too."""
LOST = "the connection that held the run lock was lost"


class RunLock:
    """A held lock, watched by a heartbeat; `nonce` is the key of the fence beside it.

    `was_awaited`: the first attempt to take it failed. `found_empty`: the database had no table
    when it was taken, and `lent_limits` are the time limits that come with the login, as somebody
    has seen.
    """

    def __init__(
        self,
        connection: Connection,
        nonce: int,
        lost: Callable[[ConnectionLost | None], None],
        was_awaited: bool,
    ) -> None:
        self.nonce = nonce
        self.found_empty = False
        self.was_awaited = was_awaited
        self.lent_limits: frozenset[str] = frozenset()
        self._connection = connection
        connection.tell_sqlstates()
        self._tell_lost = lost
        self._in_use = threading.Lock()
        self._released = threading.Event()
        self._lost = self._terminated = False
        # set while an answer is awaited, so that is_unanswered() need not ask
        self._asked_at: float | None = None
        self._answered_at = time.monotonic()
        self._starved_seconds = 0.0
        self._watch = threading.Thread(target=self._beat, name="lock-heartbeat", daemon=True)
        start_thread(self._watch)

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

    def look_at(self, processes: Collection[int], watched: int | None, own_name: str) -> Sight:
        """What env.py's backends wait for; nothing where nobody answers.

        Only while nothing of env.py's can run CREATE INDEX CONCURRENTLY: see `_beat_once`.
        """
        seen: list[Sight] = []
        self._ask(lambda: seen.append(look_at(self._connection, processes, watched, own_name)))
        return seen[0] if seen else Sight(is_blind=True)

    def is_unanswered(self) -> bool:
        """Whether the lock is gone, or an answer to a heartbeat is overdue; asks nobody."""
        asked_at = self._asked_at
        overdue = asked_at is not None and time.monotonic() - asked_at > UNANSWERED_SECONDS
        return self._lost or overdue

    def cause_of_loss(self) -> ConnectionLost | None:
        """Why the lock is lost: its session was ended, or this process did not run; else None."""
        if self._terminated:
            return ConnectionLost(
                "the session of the run lock was ended: the server shut down, or somebody ended it"
                " by pg_terminate_backend()",
                sqlstate=TERMINATED,
                next_step="run again; if it happens again, see whether a revision ends other"
                " sessions: it has to leave alone those whose application_name begins with"
                " headstart:",
            )
        if self._starved_seconds < STARVED_SECONDS:
            return None
        return ConnectionLost(
            f"this process did not run for {self._starved_seconds:.0f} s, for a revision kept the"
            " interpreter (one long call in C) or the machine stopped it, and the server gave up"
            " the run lock",
            next_step="run again: what was committed is kept; if it happens again, split what the"
            " revision does into shorter calls, or move it to SQL",
        )

    def explain_missing_fence(self, standby: bool, there: str) -> HeadstartError:
        """Why a worker did not see the fence: our lock is gone, or it works elsewhere, `there`."""
        if self.is_lost():
            return ConnectionLost(LOST)
        if standby:  # a name may lead to either; the next attempt, to the other
            return ConnectionLost(
                "env.py's connection leads to a standby, while headstart holds the run lock on"
                " the primary",
                next_step=TO_A_PRIMARY,
            )
        ours = self.login()
        address = f"{ours.get('host', '')}:{ours.get('port', '5432')}"
        return WrongDatabase(
            f"env.py connects to another database than the one that headstart locked: to {there},"
            f" and not to {named(ours.get('dbname', ''), ours.get('user', ''), address)}",
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
            self._tell_lost(self.cause_of_loss())

    def _beat_once(self) -> None:
        # no SELECT: CREATE INDEX CONCURRENTLY waits for the end of each transaction that has a
        # snapshot when it looks, and that of a run is as long as the run
        self._connection.execute(PINNED, timeout_seconds=SILENCE_SECONDS, pin=False)

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
            except (psycopg2.Error, TimeoutError, OSError, ValueError) as error:  # no socket, say
                told = [sqlstate for sqlstate, _ in answers_in(str(error))]
                self._terminated = TERMINATED in told
                self._starved_seconds = asked_at - self._answered_at
                self._lost = True


@contextmanager
def hold_lock(wait: LockWait) -> Iterator[RunLock]:
    """Hold the run lock for the length of the block.

    At the deadline raises LockUnavailable, naming the holder, or Unreachable if nothing answers
    any more. Raises AccessRefused when the server refuses this role meanwhile, ConnectionLost, and
    ServerFailed where this machine is exhausted.
    """
    nonce = secrets.randbits(62)
    connection, was_awaited = acquire(wait, nonce)
    try:
        await_orphans(connection, wait.identity.target, wait.deadline, wait.emit)
        lock = RunLock(connection, nonce, wait.lost, was_awaited)
    except (psycopg2.Error, TimeoutError):
        connection.close()
        raise ConnectionLost(LOST) from None
    except BaseException:
        connection.close()
        raise
    try:
        yield lock
    except ConnectionLost as error:
        raise lock.cause_of_loss() or error from error.__cause__
    finally:
        lock.release()
