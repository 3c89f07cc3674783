"""Wait until the database accepts connections, or say why it will not.

Transient failures are retried until the deadline; a permanent refusal ends the wait at once. This
module changes nothing in the database.
"""

import time
from dataclasses import dataclass

import psycopg2

from headstart.postgres.connect_failure import (
    READ_ONLY_SQLSTATE,
    ConnectFailure,
    classify_first_statement,
    error_of,
)
from headstart.postgres.connection import (
    CONNECT_SECONDS,
    ConnectFailed,
    Connection,
    Resolve,
    connect,
)
from headstart.process.deadline import Deadline
from headstart.process.retry import Retry, retried
from headstart.verdict.events import Say
from headstart.verdict.record import Record

_READ_ONLY = ConnectFailure(
    "the server is read-only: a standby, or default_transaction_read_only is on",
    permanent=False,
    sqlstate=READ_ONLY_SQLSTATE,
)


@dataclass(frozen=True)
class WaitLimits:
    """How long to wait: in all, and for access that an operator may be about to grant."""

    deadline: Deadline
    access_grace: Deadline


def wait_until_accepting(
    resolve: Resolve, application_name: str, limits: WaitLimits, say: Say, record: Record
) -> None:
    """Return once the database accepted a connection and lets this role write.

    Fills in the record's wait, database and server version. Raises Unreachable at the deadline,
    and AccessRefused for what waiting does not cure.
    """
    started = time.monotonic()
    last: ConnectFailed | None = None

    def attempt() -> None:
        nonlocal last
        record.wait_attempts += 1
        timeout = max(1.0, limits.deadline.clip(CONNECT_SECONDS, time.monotonic()))
        try:
            with connect(resolve(), application_name, timeout) as connection:
                _read_server(connection, record)
        except ConnectFailed as error:
            if last is not None and error.silent and timeout < CONNECT_SECONDS:
                # our deadline cut this attempt short: the one before tells more
                raise last from None
            last = error
            raise

    def failed(retry: Retry) -> None:
        say(
            "connection_failed",
            attempt=retry.attempt,
            cause=str(retry.error),
            retry_in_seconds=round(retry.retry_in_seconds, 3),
        )

    try:
        retried(attempt, limits.deadline, lambda error: _may_pass(error, limits), failed)
    except ConnectFailed as error:
        record.database = error.place or record.database
        raise error_of(error.failure, record.wait_attempts) from None
    finally:
        record.wait_seconds = time.monotonic() - started
    say("database_accepted", attempts=record.wait_attempts, database=record.database)


def _may_pass(error: BaseException, limits: WaitLimits) -> bool:
    if not isinstance(error, ConnectFailed):
        return False
    if not error.failure.permanent:
        return True
    return error.failure.grace and not limits.access_grace.passed(time.monotonic())


_SERVER = (
    "SELECT pg_catalog.current_setting('server_version'),"
    " pg_catalog.pg_is_in_recovery()"
    " OR pg_catalog.current_setting('transaction_read_only') = 'on'"
)


def _read_server(connection: Connection, record: Record) -> None:
    place = connection.place
    try:
        version, read_only = connection.execute(_SERVER)[0]
    except (psycopg2.Error, TimeoutError) as error:
        # a pooler lets clients in before it has a server for them
        sqlstate = getattr(error, "pgcode", None)
        raise ConnectFailed(classify_first_statement(str(error), sqlstate), place) from None
    record.database = place
    record.server_version = str(version).split(" ", 1)[0]
    if read_only:
        raise ConnectFailed(_READ_ONLY, place)
