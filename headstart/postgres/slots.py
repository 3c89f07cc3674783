"""Who has no slot for a second connection: a pooler, the server, or a CONNECTION LIMIT."""

from collections.abc import Callable, Collection

import psycopg2

from headstart.facts.sql import identifier
from headstart.postgres.connect_failure import PROTOCOL_VIOLATION, error_of, is_full
from headstart.postgres.connection import ConnectFailed, Connection
from headstart.postgres.lock_attempt import POLL_SECONDS
from headstart.postgres.read_failure import QUERY_CANCELED, ended_reading
from headstart.values import dataclass
from headstart.verdict.errors import HeadstartError, PoolExhausted, Unreachable

_NEEDED = 2
"""The run lock's connection, and one for the work or for what is read."""
_POOLERS = (None, PROTOCOL_VIOLATION)


@dataclass(frozen=True)
class ConnectionLimit:
    """A CONNECTION LIMIT, and whose it is, as SQL has it: ROLE "app"."""

    owner: str
    limit: int

    @property
    def is_too_small(self) -> bool:
        """Whether a run can never have its connections."""
        return self.limit < _NEEDED


def read_connection_limits(connection: Connection) -> list[ConnectionLimit]:
    """The limits of this role and this database, where there are any; superusers have none."""
    rows = connection.execute(
        "SELECT 'ROLE', r.rolname::pg_catalog.text, r.rolconnlimit FROM pg_catalog.pg_roles r"
        " WHERE r.rolname = session_user AND r.rolconnlimit >= 0 AND NOT r.rolsuper UNION ALL"
        " SELECT 'DATABASE', d.datname::pg_catalog.text, d.datconnlimit"
        " FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.rolname = session_user"
        " WHERE d.datname = pg_catalog.current_database() AND d.datconnlimit >= 0"
        " AND NOT r.rolsuper"
    )
    return [
        ConnectionLimit(f"{kind} {identifier(str(name))}", int(str(limit)))
        for kind, name, limit in rows
    ]


def no_second_connection(
    error: ConnectFailed | TimeoutError | psycopg2.Error,
    limits: Callable[[], Collection[ConnectionLimit]],
) -> HeadstartError:
    """Why there is none, while the server of the run lock answers."""
    failure = error.failure if isinstance(error, ConnectFailed) else None
    words = " ".join(str(error).split())
    if failure is not None and is_full(failure):
        return Unreachable(
            "no second connection got free while the first one holds the run lock:"
            f" {words}{_shown(limits())}",
            sqlstate=failure.sqlstate,
            next_step=_cure(limits()),
        )
    # a server that answers has its words; a pooler says nothing, or that nothing got free
    if failure is not None and (failure.permanent or failure.sqlstate not in _POOLERS):
        return error_of(failure, 1)
    if _state(error) == QUERY_CANCELED:
        return ended_reading(words)
    return PoolExhausted(
        f"no second connection within {POLL_SECONDS:g} s while the first one holds the run"
        f" lock ({words}); behind a pooler its pool is too small or full"
    )


def _state(error: ConnectFailed | TimeoutError | psycopg2.Error) -> str | None:
    if isinstance(error, ConnectFailed):
        return error.failure.sqlstate
    return error.pgcode if isinstance(error, psycopg2.Error) else None


def _shown(limits: Collection[ConnectionLimit]) -> str:
    return "".join(f" (the CONNECTION LIMIT of {each.owner} is {each.limit})" for each in limits)


def _cure(limits: Collection[ConnectionLimit]) -> str:
    if limits:
        raised = " and ".join(f"ALTER {each.owner} CONNECTION LIMIT ..." for each in limits)
        return f"end idle sessions, or raise the limit ({raised}); then run again"
    return "end idle sessions, or raise the server's max_connections; then run again"
