"""The connections of the app: one transaction at a time, and a name for "it does not work now".

It creates no table and runs no migration; that is what headstart has done before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from headstart.verdict.errors import InvalidSettings
from minirag.settings import FindUrl

CONNECTIONS = 10
"""How many this process has at most; further requests wait for one of them."""

CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 30.0

_OUTAGES = {
    "08": "the connection to the database was lost",
    "25006": "the database is read-only",
    "28": "the server refuses the role of this app",
    "3D": "the server has no such database",
    "40": "another transaction was in the way: try again",
    "42501": "the role of this app lacks a privilege",
    "42703": "the database does not have the schema of this app",
    "42P01": "the database does not have the schema of this app",
    "53": "the server has no room for this now",
    "57": "the server is shutting down, starting, or cancelled the statement",
}
"""By SQLSTATE or its class. Source: PostgreSQL documentation, "PostgreSQL Error Codes"."""


class DatabaseUnavailable(Exception):
    """The database cannot serve this request now; the message may be shown to anyone."""


class Database:
    """The database that `find_url` names."""

    def __init__(self, find_url: FindUrl) -> None:
        # PgBouncer is the pool where there is one; without it a connection for each request costs
        # a few milliseconds, and none is ever stale.
        engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool)

        def aim(
            dialect: Dialect, _record: object, _arguments: object, options: dict[str, Any]
        ) -> None:
            """Fill in asyncpg's arguments; the engine itself never holds the password."""
            options.update(dialect.create_connect_args(find_url())[1])
            # Behind PgBouncer the next transaction may be on another server connection: nothing is
            # kept for it, and no name is left there. A statement without a name asyncpg parses
            # again where its cache is off (Connection._get_statement). The unique names of
            # SQLAlchemy's documentation work too, but pile up in the server.
            options.update(
                timeout=CONNECT_SECONDS,
                command_timeout=STATEMENT_SECONDS,
                statement_cache_size=0,
                prepared_statement_cache_size=0,
                prepared_statement_name_func=lambda: "",
            )

        event.listen(engine.sync_engine, "do_connect", aim)
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._slots = asyncio.Semaphore(CONNECTIONS)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A transaction, committed where the block ends. Raises DatabaseUnavailable."""
        try:
            async with self._slots, self._sessions.begin() as session:
                yield session
        except InvalidSettings as error:  # a mounted secret has gone since the start
            raise DatabaseUnavailable(str(error)) from error
        except (DBAPIError, OSError) as error:
            reason = _outage(error)
            if reason is None:
                raise
            raise DatabaseUnavailable(reason) from error


def _outage(error: DBAPIError | OSError) -> str | None:
    """Why the database cannot be used, or None for an error that is a bug of ours."""
    if isinstance(error, OSError):
        late = isinstance(error, TimeoutError)
        return "the database did not answer in time" if late else "the database cannot be reached"
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if not state and error.connection_invalidated:
        return _OUTAGES["08"]
    return _OUTAGES.get(state) or _OUTAGES.get(state[:2])


def _of_request(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Connected = Annotated[Database, Depends(_of_request)]
"""A route's parameter: the database of the app."""
