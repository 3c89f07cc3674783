"""Wait until the database accepts connections, or say why it will not.

Transient failures are retried until the deadline; a permanent refusal ends the wait at once. This
module changes nothing in the database.
"""

import time

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
from headstart.values import dataclass
from headstart.verdict.events.database import (
    AttemptStarted,
    ConnectionFailed,
    DatabaseAccepted,
    DatabaseLocated,
    ServerAnswered,
    WaitMeasured,
)
from headstart.verdict.events.event import Emit

_READ_ONLY = ConnectFailure(
    "the server is read-only: a standby, or default_transaction_read_only is on",
    permanent=False,
    sqlstate=READ_ONLY_SQLSTATE,
)


@dataclass(frozen=True)
class WaitLimits:
    """How long to wait: in all, and for access that an operator may be about to grant.

    `since` is the moment that both are counted from, and the wait that is reported.
    """

    since: float
    deadline: Deadline
    access_grace: Deadline


def wait_until_accepting(
    resolve: Resolve, application_name: str, limits: WaitLimits, emit: Emit
) -> str:
    """Return once the database accepted a connection and lets this role write.

    Gives the server's version. Raises Unreachable at the deadline, and AccessRefused for what
    waiting does not cure.
    """
    attempts = 0
    last: ConnectFailed | None = None

    def attempt() -> ServerAnswered:
        nonlocal last, attempts
        attempts += 1
        emit(AttemptStarted())
        timeout = max(1.0, limits.deadline.clip(CONNECT_SECONDS, time.monotonic()))
        try:
            with connect(resolve(), application_name, timeout) as connection:
                return _ask_server(connection, emit)
        except ConnectFailed as error:
            if last is not None and error.silent and timeout < CONNECT_SECONDS:
                # our deadline cut this attempt short: the one before tells more
                raise last from None
            last = error
            raise

    def failed(retry: Retry) -> None:
        pause = round(retry.retry_in_seconds, 3)
        place = retry.error.place if isinstance(retry.error, ConnectFailed) else {}
        host, port = place.get("host") or None, place.get("port") or None
        emit(ConnectionFailed(retry.attempt, str(retry.error), pause, host, port))

    def may_pass(error: BaseException) -> bool:
        return _may_pass(error, limits)

    try:
        server = retried(attempt, limits.deadline, may_pass, failed)
    except ConnectFailed as error:
        if error.place:
            emit(DatabaseLocated(error.place))
        raise error_of(error.failure, attempts) from None
    finally:
        emit(WaitMeasured(time.monotonic() - limits.since))
    emit(DatabaseAccepted(attempts, server.database, server.tls))
    return server.server_version


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


def _ask_server(connection: Connection, emit: Emit) -> ServerAnswered:
    place = connection.place
    try:
        version, read_only = connection.execute(_SERVER)[0]
    except (psycopg2.Error, TimeoutError) as error:
        # a pooler lets clients in before it has a server for them
        sqlstate = getattr(error, "pgcode", None)
        raise ConnectFailed(classify_first_statement(str(error), sqlstate), place) from None
    answered = ServerAnswered(place, str(version).split(" ", 1)[0], connection.tls)
    emit(answered)
    if read_only:
        raise ConnectFailed(_READ_ONLY, place)
    return answered
