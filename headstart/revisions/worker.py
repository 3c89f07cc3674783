"""What every transaction of env.py's connection gets: the fence, its time limits, a way to cancel.

The search_path of that connection is env.py's: what we ask there names its operators and types by
pg_catalog, so that nothing of the database's own is executed.

One SELECT at its beginning, in one round trip. In a transaction the settings are SET LOCAL. In an
autocommit block that would do nothing, so there they are the session's, and put back at its end;
behind a transaction pooler there is no session that would be ours, so there they are left alone.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection

from headstart.facts.sql import literal
from headstart.postgres.advisory_lock import held_condition
from headstart.postgres.connection import canceller
from headstart.postgres.guards import SERVER_SIDE
from headstart.revisions.begun import SQL_LEAVING_MARK, Begun, Numbering, begun_of, sql_of_begun
from headstart.revisions.link import Link
from headstart.revisions.sessions import is_pooled
from headstart.verdict.errors import HeadstartError
from headstart.verdict.events.event import Emit

CONNECTION_CHECK_MILLISECONDS = 1000
"""How soon the server notices that a worker has died and ends its statement (PostgreSQL 14+)."""

DRIVER = "psycopg2"
"""What env.py works with unless it is async."""

Canceller = Callable[[], None]

_CANCELLER = "headstart.canceller"
"""Where a connection's `info` keeps what cancels its statement."""

_Settings = tuple[tuple[str, str], ...]
"""Names and values of the server's settings."""

_BEFORE = "headstart.before_autocommit"
"""Where a connection's `info` keeps what an autocommit block must put back."""


@dataclass(frozen=True)
class Worker:
    """How env.py's connection works for us, and whom it tells.

    `url_for` gives SQLAlchemy's URL for a driver, and `driver` is the one that env.py works with;
    `environment` is what the process's environment is while it does;
    `async_drivers` are those to try for an async one, best first.
    `nonce` is the key of the fence. Timeouts are seconds; 0 is none. `own_limits` are the names of
    the timeouts that env.py has set itself, which are left alone. `register_cancel` takes what
    cancels the running statement from another thread; `cancel_backend` cancels by the server's
    process id, for a driver that cannot. `link` knows env.py's connections.
    """

    url_for: Callable[[str], str]
    environment: Callable[[str], AbstractContextManager[None]]
    application_name: str
    nonce: int
    lock_timeout_seconds: float
    statement_timeout_seconds: float
    explain_missing_fence: Callable[[], HeadstartError]
    register_cancel: Callable[[Canceller], None]
    cancel_backend: Callable[[int], None]
    emit: Emit
    link: Link
    async_drivers: tuple[str, ...]
    driver: str = DRIVER
    own_limits: tuple[str, ...] = ()


def begin_transaction(worker: Worker, connection: Connection, numbering: Numbering) -> Begun | None:
    """Prove that this is the database that we locked, and set the limits of this transaction.

    Gives what is known of the transaction, unless nobody asks or there is none. Raises the worker's
    error for a missing fence.
    """
    autocommit = is_autocommit(connection)
    lasting = autocommit and not is_pooled(connection)
    version = connection.dialect.server_version_info or (0,)
    settings = _settings(worker, int(version[0]), autocommit, lasting)
    fenced, begun, process, before, _ = one_row(
        connection,
        _begin_sql(
            worker.nonce, settings, Numbering.NONE if autocommit else numbering, not lasting
        ),
    )
    worker.link.heard()
    _register_cancel(worker, connection, int(process))
    if not fenced:
        raise worker.explain_missing_fence()
    if lasting:
        names = (name for name, _ in settings)
        connection.info[_BEFORE] = dict(zip(names, json.loads(before), strict=True))
    return begun_of(str(begun)) if begun is not None else None


def end_autocommit(connection: Connection) -> None:
    """Put the session's settings back at the end of an autocommit block."""
    before = connection.info.pop(_BEFORE, None) if is_autocommit(connection) else None
    if before:
        calls = ", ".join(_set_config(name, value, local=False) for name, value in before.items())
        # a connection that is gone has no session to put back, and fails by itself
        with suppress(Exception):
            one_row(connection, f"SELECT {calls}")


def one_row(connection: Connection, sql: str) -> Any:
    """Run one statement by the driver's own cursor, at a fraction of SQLAlchemy's own cost."""
    cursor = dbapi_connection(connection).cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchone()
    finally:
        cursor.close()


def dbapi_connection(connection: Connection) -> DBAPIConnection:
    """The driver's connection, in the form of a synchronous one."""
    dbapi = connection.connection.dbapi_connection
    assert dbapi is not None
    return dbapi


def is_autocommit(connection: Connection) -> bool:
    """Asked of the driver: an engine made with isolation_level has no execution option to show."""
    return bool(getattr(dbapi_connection(connection), "autocommit", False))


def _register_cancel(worker: Worker, connection: Connection, process: int) -> None:
    raw = connection.connection.driver_connection
    worker.link.opened(raw)
    if not getattr(raw, "pgconn_ptr", None):  # a driver that waits in Python, where signals get in
        worker.register_cancel(lambda: worker.cancel_backend(process))
        return
    cancel = connection.info.get(_CANCELLER)
    if cancel is None:
        cancel = connection.info[_CANCELLER] = canceller(raw)
    worker.register_cancel(cancel)


@lru_cache(maxsize=8)  # the same for each of a thousand transactions
def _settings(worker: Worker, major: int, autocommit: bool, lasting: bool) -> _Settings:
    if autocommit and not lasting:
        return ()
    # what runs outside a transaction cannot be rolled back: a limit would leave it half done
    limits = (
        (0, 0) if autocommit else (worker.lock_timeout_seconds, worker.statement_timeout_seconds)
    )
    settings = {
        "application_name": worker.application_name,
        "lock_timeout": _milliseconds(limits[0]),
        "statement_timeout": _milliseconds(limits[1]),
        "idle_in_transaction_session_timeout": "0",
        **SERVER_SIDE,
    }
    if major >= 14:
        settings["client_connection_check_interval"] = str(CONNECTION_CHECK_MILLISECONDS)
    if major >= 17:
        settings["transaction_timeout"] = "0"
    own = () if autocommit else worker.own_limits
    return tuple((name, value) for name, value in settings.items() if name not in own)


@lru_cache(maxsize=8)
def _begin_sql(nonce: int, settings: _Settings, numbering: Numbering, local: bool) -> str:
    """One round trip: is the fence up, which transaction is it, the process, and the settings.

    Five columns, however many settings there are: each costs the client some time.
    """
    fence = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(nonce)}"
    begun = sql_of_begun(numbering)
    calls = [_set_config(*setting, local=local) for setting in settings]
    if numbering is Numbering.NATURAL:
        calls.append(SQL_LEAVING_MARK)
    made = f"pg_catalog.concat({', '.join(calls)})" if calls else "NULL"
    if local:
        return f"SELECT EXISTS ({fence}), {begun}, pg_catalog.pg_backend_pid(), NULL, {made}"
    values = ", ".join(f"pg_catalog.current_setting('{name}')" for name, _ in settings)
    before = f"pg_catalog.to_json(ARRAY[{values}])::pg_catalog.text"
    return (
        f"WITH before AS MATERIALIZED (SELECT {before} AS before)"
        f" SELECT EXISTS ({fence}), NULL, pg_catalog.pg_backend_pid(), before, {made} FROM before"
    )


def _set_config(name: str, value: str, *, local: bool) -> str:
    return f"pg_catalog.set_config('{name}', {literal(value)}, {str(local).lower()})"


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
