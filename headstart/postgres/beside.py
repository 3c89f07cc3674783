"""A connection beside the one that holds the run lock, to where that is held.

A pooler may have none left, others may have taken every slot, and a name may lead elsewhere now.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TypeVar

import psycopg2

from headstart.postgres.connect_cures import TO_A_PRIMARY
from headstart.postgres.connection import ConnectFailed, Connection, Resolve
from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.lock import LOST, RunLock
from headstart.postgres.lock_attempt import POLL_SECONDS
from headstart.postgres.patience import Patience, connect_when_free
from headstart.postgres.slots import no_second_connection
from headstart.process.deadline import Deadline, backoff_seconds
from headstart.verdict.errors import ConnectionLost, HeadstartError

Seen = TypeVar("Seen")

LOOK_SECONDS = 2.0
"""How long a sign of life may be late because a pooler has no connection to look with."""

LOST_MEANWHILE = (
    "the run lock was lost before the database could be looked at; if that was a failover, it may"
    " have lost the last commit"
)
ELSEWHERE = (
    "each new connection leads to another server than the one that holds the run lock: to a"
    " standby, say, behind the same name"
)


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


def connect_to_read(
    lock: RunLock, connect: Callable[[], Connection], deadline: Deadline
) -> Connection:
    """The same, for who reads: what breaks meanwhile is ConnectionLost, too."""
    try:
        return connect_beside(lock, connect, deadline)
    except (psycopg2.Error, TimeoutError) as error:
        raise ConnectionLost(f"the database went away: {error}") from None


class Lookout:
    """Looks at what runs where the lock is held; the connection is kept from look to look.

    From several threads, one at a time.
    """

    def __init__(self, lock: RunLock, connect: Callable[[], Connection]) -> None:
        self._lock, self._connect = lock, connect
        self._busy = threading.Lock()
        self._connection: Connection | None = None

    def look(self, at: Callable[[Connection], Seen]) -> Seen | None:
        """What is seen; None where that cannot be asked now."""
        with self._busy:
            try:
                if self._connection is None:
                    self._connection = self._opened()
                return None if self._connection is None else at(self._connection)
            except (ConnectFailed, HeadstartError, psycopg2.Error, TimeoutError):
                self._close()
                return None

    def rest(self) -> None:
        """Close the connection: nothing is to be looked at for a while."""
        with self._busy:
            self._close()

    def _opened(self) -> Connection | None:
        connection = self._connect()
        try:
            if self._lock.is_seen_by(connection):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
        self._connection = None


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
