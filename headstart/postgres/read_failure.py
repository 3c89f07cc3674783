"""What a read of ours that failed means. Pure, but for what it catches."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from headstart.postgres.connect_cures import LOGINS_LIMIT_CURE
from headstart.verdict.errors import (
    AccessRefused,
    Blocked,
    ConnectionLost,
    HeadstartError,
    ServerFailed,
    UnknownRevision,
)
from headstart.verdict.sqlstates import Fault, fault_of

LOCK_NOT_AVAILABLE = "55P03"
QUERY_CANCELED = "57014"
_UNDEFINED_COLUMN = "42703"


@contextmanager
def named_failures() -> Iterator[None]:
    """Turn what a read raises into errors of ours."""
    try:
        yield
    except psycopg2.Error as error:
        raise read_failure(error) from None
    except TimeoutError:
        raise ConnectionLost("the database gave no answer in time while reading") from None


def read_failure(error: psycopg2.Error) -> HeadstartError:
    """The error that a failed read leads to."""
    text = error.diag.message_primary or " ".join(str(error).split())
    state = error.pgcode
    if state == QUERY_CANCELED:
        return ended_reading(text)
    if state == LOCK_NOT_AVAILABLE:
        return Blocked(
            "the database could not be read: somebody holds a table exclusively", sqlstate=state
        )
    if state == _UNDEFINED_COLUMN:
        return UnknownRevision(
            f"the version table is none of Alembic's: {text}",
            sqlstate=state,
            next_step="look at what has its name; move that away, or give the version table"
            " another name in env.py",
        )
    fault = fault_of(state)
    if state is None or fault is Fault.CONNECTION:
        return ConnectionLost(f"the connection was lost while reading: {text}")
    kind = AccessRefused if fault.permanent else Blocked if fault is Fault.LOCK else ServerFailed
    return kind(f"the database could not be read: {text}", sqlstate=state)


def ended_reading(words: str) -> ServerFailed:
    """The one error of a read that a time limit has ended, or somebody; in whichever read it was.

    How long one takes is chance, so a limit of milliseconds ends another one each time.
    """
    return ServerFailed(
        f"the server ended what headstart reads: {words}",
        sqlstate=QUERY_CANCELED,
        next_step=LOGINS_LIMIT_CURE,
    )
