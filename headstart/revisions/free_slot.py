"""env.py's connection waits for a slot while others take them all, as our own do.

Fifty runs that wait for the lock may have taken the last one, and the run that holds it must not
end for that. Where env.py's engine connects by its dialect, which is nearly always, the attempt is
made again; what listens to do_connect, a token of a cloud's say, has had its turn by then.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from headstart.postgres.connect_failure import NO_SLOT_SQLSTATE, is_full
from headstart.process.retry import Retry, retried
from headstart.revisions.driver_error import sqlstate_of
from headstart.revisions.link import Link
from headstart.revisions.refused import failure_again, login_of, server_answered
from headstart.revisions.worker import Worker
from headstart.verdict.events.database import ConnectionFailed


@contextmanager
def waiting_for_slots(worker: Worker) -> Iterator[None]:
    """In the block, each engine's connection to a Postgres waits for a free slot."""
    connect = DefaultDialect.connect

    def patiently(dialect: DefaultDialect, *arguments: Any, **parameters: Any) -> Any:
        if dialect.name != "postgresql":
            return connect(dialect, *arguments, **parameters)
        return retried(
            lambda: connect(dialect, *arguments, **parameters),
            worker.patience().deadline,
            _Refusals(parameters, worker.link).may_pass,
            failed,
        )

    def failed(retry: Retry) -> None:
        worker.link.spare()
        pause = round(retry.retry_in_seconds, 3)
        cause = "env.py: no connection slot is left"
        worker.emit(ConnectionFailed(retry.attempt, cause, pause))

    patched: Any = DefaultDialect
    patched.connect = patiently
    try:
        yield
    finally:
        patched.connect = connect


class _Refusals:
    """Which refusals of one connection are to be waited out."""

    def __init__(self, parameters: Mapping[str, Any], link: Link) -> None:
        self._parameters = parameters
        self._link = link
        self._let_in = 0

    def may_pass(self, error: BaseException) -> bool:
        """Whether no slot was free, by the SQLSTATE.

        psycopg2 gives none, so the attempt is made once more by ourselves. Where that is let in,
        the slot may have got free between the two; if it is so each time, it is another thing.
        """
        if not isinstance(error, Exception):
            return False
        states = [sqlstate_of(each) for each in (error, error.__cause__) if each is not None]
        known = [state for state in states if state is not None]
        if known:
            return NO_SLOT_SQLSTATE in known
        failure = failure_again(login_of(self._parameters), self._link)
        if failure is not None:
            return is_full(failure)
        self._let_in += 1
        return server_answered(error) and self._let_in <= _LET_IN_AT_MOST


_LET_IN_AT_MOST = 5
