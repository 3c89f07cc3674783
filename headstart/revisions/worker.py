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
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection

from headstart.postgres.beside import Lookout
from headstart.postgres.connection import canceller
from headstart.postgres.guards import SERVER_SIDE
from headstart.postgres.lock import named
from headstart.postgres.patience import Patience
from headstart.postgres.waits import Sight
from headstart.process.deadline import Deadline
from headstart.revisions.begun import Begun, Numbering, begun_of
from headstart.revisions.link import Link
from headstart.revisions.sessions import is_pooled
from headstart.revisions.transaction_sql import (
    LIMITS,
    Fence,
    Form,
    TransactionSettings,
    set_config,
    sql_of_begin,
)
from headstart.values import dataclass
from headstart.verdict.errors import HeadstartError
from headstart.verdict.events.event import Emit

CONNECTION_CHECK_MILLISECONDS = 1000
"""How soon the server notices that a worker has died and ends its statement (PostgreSQL 14+)."""

Canceller = Callable[[], None]

Look = Callable[[Collection[int], int | None], Sight]
"""Sees for whom backends of the server wait, and whether another one is no more."""

_CANCELLER = "headstart.canceller"
"""Where a connection's `info` keeps what cancels its statement."""

_BEFORE = "headstart.before_autocommit"
"""Where a connection's `info` keeps what an autocommit block must put back."""


@dataclass(frozen=True)
class Worker:
    """How env.py's connection works for us, and whom it tells.

    `url` is what env.py finds as sqlalchemy.url, in SQLAlchemy's form; `translated` gives a URL of
    psycopg2's for another driver; `async_drivers` are those to try for an async env.py, best first.
    `lent_limits` are the time limits that the URL brings, for the app: they are none of env.py's.
    `environment` is what the process's environment is while env.py runs. `give_up` ends the
    run from another thread, with an error, where env.py does not end; `look` tells for whom
    backends of the server wait, and whether another one is no more; `lookout` answers the same
    and more, on a connection that is kept. `ends_idle_after` is for how many seconds a session must
    have been idle in its transaction to be ended, where it keeps a revision from its locks.
    `nonce` is the key of the fence. Timeouts are seconds; 0 is none. `register_cancel` takes what
    cancels the running statement from another thread; `cancel_backend` cancels by the server's
    process id, for a driver that cannot. `link` knows env.py's connections; `patience` is how long
    one of them may wait for a free slot, from now, `deadline` the end of the whole run.
    """

    url: Callable[[], str]
    translated: Callable[[str, str], str]
    environment: Callable[[], AbstractContextManager[None]]
    application_name: str
    nonce: int
    lock_timeout_seconds: float
    statement_timeout_seconds: float
    lent_limits: frozenset[str]
    explain_missing_fence: Callable[[bool, str], HeadstartError]
    register_cancel: Callable[[Canceller], None]
    cancel_backend: Callable[[int], None]
    look: Look
    lookout: Lookout
    ends_idle_after: float | None
    emit: Emit
    link: Link
    async_drivers: tuple[str, ...]
    give_up: Callable[[HeadstartError], None]
    patience: Callable[[], Patience]
    deadline: Deadline


@dataclass(frozen=True)
class Limits:
    """The time limits of a transaction: its lock_timeout in seconds, and what is left alone.

    `own` are the names of those that env.py has set itself; None: look at it.
    """

    own: tuple[str, ...] | None
    lock_seconds: float


def begin_transaction(
    worker: Worker,
    connection: Connection,
    numbering: Numbering,
    limits: Limits,
) -> tuple[Begun | None, tuple[str, ...]]:
    """Prove that this is the database that we locked, and set the limits of this transaction.

    Gives what is known of the transaction, unless nobody asks or there is none, and the limits that
    are env.py's own. Raises the worker's error for a missing fence.
    """
    autocommit = is_autocommit(connection)
    lasting = autocommit and not is_pooled(connection)
    version = connection.dialect.server_version_info or (0,)
    settings = _settings(worker, int(version[0]), autocommit, lasting, limits)
    look = limits.own is None and not autocommit
    asked = Numbering.NONE if autocommit else numbering
    fence = Fence(worker.nonce, worker.lent_limits)
    fenced, begun, process, before, _ = one_row(
        connection, sql_of_begin(fence, settings, asked, Form.of(look, lasting))
    )
    worker.link.heard(autocommit)
    _register_cancel(worker, connection, int(process))
    if not fenced:
        standby, database, user, address = one_row(connection, _WHERE)
        there = named(str(database), str(user), str(address or ""))
        raise worker.explain_missing_fence(bool(standby), there)
    if lasting:
        names = (name for name, _ in settings)
        connection.info[_BEFORE] = dict(zip(names, json.loads(before), strict=True))
    found = tuple(json.loads(before or "[]")) if look else limits.own or ()
    return begun_of(str(begun)) if begun is not None else None, found


_WHERE = """
    SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_database()::pg_catalog.text,
           session_user::pg_catalog.text, pg_catalog.concat(
               pg_catalog.host(pg_catalog.inet_server_addr()) OPERATOR(pg_catalog.||)
               ':'::pg_catalog.text, pg_catalog.inet_server_port())
"""
"""Whether it is a standby, and where a connection has led; the address is empty with a socket."""


def limits_set(worker: Worker, lock_seconds: float) -> Mapping[str, str]:
    """The limits that a transaction gets, where env.py has set none, in milliseconds."""
    seconds = (lock_seconds, worker.statement_timeout_seconds)
    return dict(zip(LIMITS, map(_milliseconds, seconds), strict=True))


def set_lock_timeout(connection: Connection, seconds: float) -> None:
    """Set the lock_timeout of the transaction that is open; one round trip."""
    one_row(connection, f"SELECT {set_config(LIMITS[0], _milliseconds(seconds), local=True)}")


def end_autocommit(connection: Connection) -> None:
    """Put the session's settings back at the end of an autocommit block."""
    before = connection.info.pop(_BEFORE, None) if is_autocommit(connection) else None
    if before:
        calls = ", ".join(set_config(name, value, local=False) for name, value in before.items())
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
    worker.link.migrates_as(process, raw)
    if not getattr(raw, "pgconn_ptr", None):  # a driver that waits in Python, where signals get in
        worker.link.lock_waits.cancel = lambda: worker.cancel_backend(process)
        worker.register_cancel(worker.link.lock_waits.cancel)
        return
    cancel = connection.info.get(_CANCELLER)
    if cancel is None:
        cancel = connection.info[_CANCELLER] = canceller(raw)
    worker.link.lock_waits.cancel = cancel
    worker.register_cancel(cancel)


@lru_cache(maxsize=8)  # the same for each of a thousand transactions
def _settings(
    worker: Worker,
    major: int,
    autocommit: bool,
    lasting: bool,
    limits: Limits,
) -> TransactionSettings:
    if autocommit and not lasting:
        return ()
    settings = {
        "application_name": worker.application_name,
        # what runs outside a transaction cannot be rolled back: a limit would leave it half done
        **(dict.fromkeys(LIMITS, "0") if autocommit else limits_set(worker, limits.lock_seconds)),
        "idle_in_transaction_session_timeout": "0",
        **SERVER_SIDE,
        # else a crash takes back what was said to be applied; stronger ones are kept
        "synchronous_commit": "local",
    }
    if major >= 14:
        settings["client_connection_check_interval"] = str(CONNECTION_CHECK_MILLISECONDS)
    if major >= 17:
        settings["transaction_timeout"] = "0"
    kept = () if autocommit else limits.own or ()
    return tuple((name, value) for name, value in settings.items() if name not in kept)


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
