"""What every transaction of env.py's connection gets: the fence, its time limits, a way to cancel.

The search_path of that connection is env.py's: what we ask there names its operators and types by
pg_catalog, so that nothing of the database's own is executed.

One SELECT at its beginning, in one round trip. In a transaction the settings are SET LOCAL. In an
autocommit block that would do nothing, so there they are the session's, and put back at its end;
behind a transaction pooler there is no session that would be ours, so there they are left alone.
"""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection

from headstart.facts.sql import array, literal
from headstart.postgres.advisory_lock import held_condition
from headstart.postgres.connection import canceller
from headstart.postgres.guards import SERVER_SIDE
from headstart.postgres.patience import Patience
from headstart.postgres.waits import Wait
from headstart.revisions.begun import SQL_LEAVING_MARK, Begun, Numbering, begun_of, sql_of_begun
from headstart.revisions.link import Link
from headstart.revisions.sessions import is_pooled
from headstart.verdict.errors import HeadstartError
from headstart.verdict.events.event import Emit

CONNECTION_CHECK_MILLISECONDS = 1000
"""How soon the server notices that a worker has died and ends its statement (PostgreSQL 14+)."""

LIMITS = ("lock_timeout", "statement_timeout")
"""The time limits that env.py may set itself."""

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

    `url` is what env.py finds as sqlalchemy.url, in SQLAlchemy's form; `translated` gives a URL of
    psycopg2's for another driver; `async_drivers` are those to try for an async env.py, best first.
    `environment` is what the process's environment is while env.py runs. `give_up` ends the
    run from another thread, with an error, where env.py does not end; `waits` tells for whom
    backends of the server wait.
    `nonce` is the key of the fence. Timeouts are seconds; 0 is none. `register_cancel` takes what
    cancels the running statement from another thread; `cancel_backend` cancels by the server's
    process id, for a driver that cannot. `link` knows env.py's connections; `patience` is how long
    one of them may wait for a free slot, from now.
    """

    url: Callable[[], str]
    translated: Callable[[str, str], str]
    environment: Callable[[], AbstractContextManager[None]]
    application_name: str
    nonce: int
    lock_timeout_seconds: float
    statement_timeout_seconds: float
    explain_missing_fence: Callable[[bool], HeadstartError]
    register_cancel: Callable[[Canceller], None]
    cancel_backend: Callable[[int], None]
    waits: Callable[[Collection[int]], tuple[Wait, ...]]
    emit: Emit
    link: Link
    async_drivers: tuple[str, ...]
    give_up: Callable[[HeadstartError], None]
    patience: Callable[[], Patience]


OwnLimits = tuple[str, ...] | None
"""The names of the limits that env.py has set itself, which are left alone; None: look at it."""


def begin_transaction(
    worker: Worker, connection: Connection, numbering: Numbering, own: OwnLimits
) -> tuple[Begun | None, tuple[str, ...]]:
    """Prove that this is the database that we locked, and set the limits of this transaction.

    Gives what is known of the transaction, unless nobody asks or there is none, and the limits that
    are env.py's own. Raises the worker's error for a missing fence.
    """
    autocommit = is_autocommit(connection)
    lasting = autocommit and not is_pooled(connection)
    version = connection.dialect.server_version_info or (0,)
    settings = _settings(worker, int(version[0]), autocommit, lasting, own)
    look = own is None and not autocommit
    asked = Numbering.NONE if autocommit else numbering
    fenced, begun, process, before, _ = one_row(
        connection, _begin_sql(worker.nonce, settings, asked, _Form.of(look, lasting))
    )
    worker.link.heard()
    _register_cancel(worker, connection, int(process))
    if not fenced:
        (standby,) = one_row(connection, "SELECT pg_catalog.pg_is_in_recovery()")
        raise worker.explain_missing_fence(bool(standby))
    if lasting:
        names = (name for name, _ in settings)
        connection.info[_BEFORE] = dict(zip(names, json.loads(before), strict=True))
    found = tuple(json.loads(before or "[]")) if look else own or ()
    return begun_of(str(begun)) if begun is not None else None, found


def limits_set(worker: Worker) -> Mapping[str, str]:
    """The limits that a transaction gets, where env.py has set none, in milliseconds."""
    seconds = (worker.lock_timeout_seconds, worker.statement_timeout_seconds)
    return dict(zip(LIMITS, map(_milliseconds, seconds), strict=True))


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
    worker.link.migrates_as(process)
    if not getattr(raw, "pgconn_ptr", None):  # a driver that waits in Python, where signals get in
        worker.register_cancel(lambda: worker.cancel_backend(process))
        return
    cancel = connection.info.get(_CANCELLER)
    if cancel is None:
        cancel = connection.info[_CANCELLER] = canceller(raw)
    worker.register_cancel(cancel)


@lru_cache(maxsize=8)  # the same for each of a thousand transactions
def _settings(
    worker: Worker, major: int, autocommit: bool, lasting: bool, own: OwnLimits
) -> _Settings:
    if autocommit and not lasting:
        return ()
    settings = {
        "application_name": worker.application_name,
        # what runs outside a transaction cannot be rolled back: a limit would leave it half done
        **(dict.fromkeys(LIMITS, "0") if autocommit else limits_set(worker)),
        "idle_in_transaction_session_timeout": "0",
        **SERVER_SIDE,
    }
    if major >= 14:
        settings["client_connection_check_interval"] = str(CONNECTION_CHECK_MILLISECONDS)
    if major >= 17:
        settings["transaction_timeout"] = "0"
    kept = () if autocommit else own or ()
    return tuple((name, value) for name, value in settings.items() if name not in kept)


class _Form(Enum):
    """What is set for how long, and what is looked at before."""

    LASTING = "the session's settings, which an autocommit block puts back"
    LOOKING = "this transaction's, but for the limits that env.py has set"
    LOCAL = "this transaction's"

    @classmethod
    def of(cls, look: bool, lasting: bool) -> Self:
        return cls.LASTING if lasting else cls.LOOKING if look else cls.LOCAL


@lru_cache(maxsize=8)
def _begin_sql(nonce: int, settings: _Settings, numbering: Numbering, form: _Form) -> str:
    """One round trip: is the fence up, which transaction is it, the process, and the settings.

    Five columns, however many settings there are: each costs the client some time. What is looked
    at is looked at first: once ours are set, nobody can tell them from env.py's own.
    """
    fence = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(nonce)}"
    begun = sql_of_begun(numbering)
    calls = [_call(name, value, form) for name, value in settings]
    if numbering is Numbering.NATURAL:
        calls.append(SQL_LEAVING_MARK)
    made = f"pg_catalog.concat({', '.join(calls)})" if calls else "NULL"
    columns = f"EXISTS ({fence}), {begun}, pg_catalog.pg_backend_pid()"
    match form:
        case _Form.LOCAL:
            return f"SELECT {columns}, NULL, {made}"
        case _Form.LOOKING:
            before = f"SELECT {_OWN_LIMITS} AS before"
        case _Form.LASTING:
            values = ", ".join(f"pg_catalog.current_setting('{name}')" for name, _ in settings)
            before = f"SELECT pg_catalog.to_json(ARRAY[{values}])::pg_catalog.text AS before"
    return f"WITH b AS MATERIALIZED ({before}) SELECT {columns}, b.before, {made} FROM b"


_OWN_LIMITS = (
    "(SELECT pg_catalog.json_agg(s.name)::pg_catalog.text FROM pg_catalog.pg_settings s"
    f" WHERE s.name OPERATOR(pg_catalog.=) ANY ({array(LIMITS)})"
    f" AND s.source OPERATOR(pg_catalog.=) ANY ({array(['client', 'session'])}))"
)


def _call(name: str, value: str, form: _Form) -> str:
    if form is _Form.LOOKING and name in LIMITS:
        # the names are no part of one another
        is_own = f"pg_catalog.strpos(b.before, '{name}') OPERATOR(pg_catalog.>) 0"
        return f"CASE WHEN {is_own} THEN NULL ELSE {_set_config(name, value, local=True)} END"
    return _set_config(name, value, local=form is not _Form.LASTING)


def _set_config(name: str, value: str, *, local: bool) -> str:
    return f"pg_catalog.set_config('{name}', {literal(value)}, {str(local).lower()})"


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
