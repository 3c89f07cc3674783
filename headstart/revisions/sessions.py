"""Session state behind a transaction pooler: what env.py SETs stays with it, and only with it.

A pooler gives each transaction any of its server connections, with the settings that somebody has
left there: an env.py that does `SET search_path TO app` and commits would find its next transaction
in `public`, and leave its search_path to a stranger. So each COMMIT on such a connection becomes
COMMIT AND CHAIN: on the same server connection, in a new transaction, we read what the session was
left with, remember it as env.py's, and put the server's own back; at each begin what was remembered
is SET LOCAL. On a direct connection nothing of this happens.
What never passes SQLAlchemy's events (a pool's "connect" listener that commits through the driver)
is not noticed, nor a setting of one's own (`SET app.tenant`), which no catalog lists.

An example, with two server connections, 1 and 2, in the pool:

    env.py begins on 1      _begin    nothing to set; 1 has no settings of its session (servers)
    SET search_path TO app
    env.py commits          _commit   COMMIT AND CHAIN, then read: search_path is app now, and was
                                      not before. own = {search_path: app}; RESET search_path on 1
                            the driver's COMMIT ends the chained transaction: 1 is as it was
    Alembic begins on 2     _begin    SET LOCAL search_path = app, and the role of the first begin

What a transaction has changed for its session, and what a RESET in it has taken back:

    >>> changed({"role": "none"}, {"role": "none", "search_path": "app"}, {})
    {'search_path': 'app'}
    >>> taken_back({"search_path": "app"}, {"search_path": "public"}, {"search_path": "public"})
    {'search_path': 'public'}
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import field
from typing import Any

from sqlalchemy import Connection, Engine, event

from headstart.facts.literals import array, literal
from headstart.facts.sql import identifier
from headstart.revisions.drivers import is_known
from headstart.values import dataclass

_KEY = "headstart.session"
"""Where a connection's `info` keeps its Session; it lives as long as the client's connection."""

_POOLERS_OWN = (
    "application_name",
    "client_encoding",
    "DateStyle",
    "standard_conforming_strings",
    "TimeZone",
)
"""What PgBouncer keeps for each client itself. Source: its documentation, "Differences"."""
_TRANSACTIONS_OWN = ("transaction_deferrable", "transaction_isolation", "transaction_read_only")

_IN_TRANSACTION = 2
"""PQTRANS_INTRANS of libpq-fe.h."""

SessionSettings = Mapping[str, str]
"""Names and values; `role` is one of them."""


@dataclass
class Session:
    """A client's session: what it has set (`own`), what the server connection in hand had.

    `first` is what it began with: it stays the same whatever server connection is in hand.
    """

    pooled: bool
    first: SessionSettings = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    servers: SessionSettings = field(default_factory=dict)


@contextmanager
def kept_sessions() -> Iterator[None]:
    """Keep the sessions of every engine in the block; also of those that env.py makes in it."""
    with ExitStack() as attached:
        for name, listener in (("begin", _begin), ("commit", _commit)):
            event.listen(Engine, name, listener)
            attached.callback(event.remove, Engine, name, listener)
        yield


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands between; a session pooler looks the same."""
    return _session(connection).pooled


def session_settings(connection: Connection) -> tuple[str, ...]:
    """The names of what env.py has set for its session, behind a pooler."""
    return tuple(sorted(_session(connection).own))


def changed(
    before: SessionSettings, after: SessionSettings, defaults: SessionSettings
) -> dict[str, str]:
    """What a transaction set for its session, and what it put back to the server's default."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: after.get(name, defaults.get(name, "")) for name in sorted(names)}


def taken_back(
    own: SessionSettings, at_end: SessionSettings, after: SessionSettings
) -> dict[str, str]:
    """What a RESET took back: at the end of the transaction it was no longer as we had set it.

    A SET LOCAL to the very value that a RESET would give looks the same, and counts as one.
    """
    return {
        name: value
        for name, value in at_end.items()
        if value != own[name] and value == after.get(name)
    }


def _session(connection: Connection) -> Session:
    session = connection.info.get(_KEY)
    if session is None:
        session = connection.info[_KEY] = Session(_look_for_pooler(connection))
    return session


def _look_for_pooler(connection: Connection) -> bool:
    """Whether the process id that the driver was given at login is not the server's own."""
    driver: Any = connection.connection.driver_connection
    ask = getattr(driver, "get_server_pid", None)  # asyncpg; the others are psycopg's
    # a pooler gives its client a number of its own making
    at_login = int(ask() if ask else driver.info.backend_pid)
    return int(_row(connection, "SELECT pg_catalog.pg_backend_pid()")[0]) != at_login


def _concerned(connection: Connection) -> Session | None:
    """The session, if the connection is in a transaction behind a pooler."""
    known = connection.info.get(_KEY)
    if known is not None and not known.pooled:
        return None
    if not is_known(connection.dialect):  # an engine beside the one that migrates
        return None
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        return None
    session = _session(connection)
    return session if session.pooled else None


def _begin(connection: Connection) -> None:
    if (session := _concerned(connection)) is None:
        return
    # first too, though env.py set nothing: the server connection may be one that somebody has left
    # with a search_path or a role
    pinned = {**session.first, **session.own}
    row = _row(connection, _read_and_set(pinned))
    session.servers = _settings(row)
    if not session.first:
        session.first = {"search_path": str(row[2]), "role": str(row[1])}


def _commit(connection: Connection) -> None:
    session = _concerned(connection)
    if session is None or not _in_transaction(connection):
        return
    # before the COMMIT: it ends what we SET LOCAL ourselves, and a RESET would look the same
    at_end = _current(connection, session.own)
    _row(connection, "COMMIT AND CHAIN")
    row = _row(connection, _READ)
    after, defaults = _settings(row), json.loads(row[3])
    new = changed(session.servers, after, defaults)
    session.own.update(taken_back(session.own, at_end, {**defaults, **after}))
    session.own.update(new)
    # the server connection goes back to the pool, and to others: not with what env.py has set
    for name in new:
        _row(connection, _put_back(name, session.servers.get(name)))


def _current(connection: Connection, names: Iterable[str]) -> SessionSettings:
    pairs = [f"{literal(n)}, pg_catalog.current_setting({literal(n)}, true)" for n in names]
    sql = f"SELECT pg_catalog.json_build_object({', '.join(pairs)})::pg_catalog.text"
    return dict(json.loads(_row(connection, sql)[0])) if pairs else {}


def _put_back(name: str, value: str | None) -> str:
    if value is None:
        return f"RESET {'.'.join(map(identifier, name.split('.')))}"
    return f"SELECT {_calls({name: value}, local=False)}"


def _in_transaction(connection: Connection) -> bool:
    """False if a script has sent COMMIT or ROLLBACK itself, and in a failed transaction."""
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "is_in_transaction"):
        return bool(driver.is_in_transaction())
    return int(driver.info.transaction_status) == _IN_TRANSACTION


_LEFT_ALONE = array([*_POOLERS_OWN, *_TRANSACTIONS_OWN])
_READ = (
    "SELECT pg_catalog.json_object_agg(s.name, s.setting)"
    " FILTER (WHERE s.source OPERATOR(pg_catalog.=) 'session'"
    f" AND s.name OPERATOR(pg_catalog.<>) ALL ({_LEFT_ALONE}))::pg_catalog.text AS settings,"
    " pg_catalog.current_setting('role') AS role,"
    " pg_catalog.current_setting('search_path') AS search_path,"
    " pg_catalog.json_object_agg(s.name, s.reset_val)::pg_catalog.text AS defaults"
    " FROM pg_catalog.pg_settings s"
)


def _settings(row: Any) -> dict[str, str]:
    return {**json.loads(row[0] or "{}"), "role": str(row[1])}


def _read_and_set(pinned: SessionSettings) -> str:
    """Read what the server connection has, then (it depends on that) set what is the client's."""
    calls = f", {_calls(pinned, local=True)}" if pinned else ""
    return f"WITH found AS MATERIALIZED ({_READ}) SELECT found.*{calls} FROM found"


def _calls(settings: SessionSettings, *, local: bool) -> str:
    # role last: what it may not set itself is set by then
    ordered = sorted(settings.items(), key=lambda item: item[0] == "role")
    return ", ".join(
        f"pg_catalog.set_config({literal(name)}, {literal(value)}, {str(local).lower()})"
        for name, value in ordered
    )


def _row(connection: Connection, sql: str) -> Any:
    """Run one statement by the driver's own cursor, which leaves a % alone."""
    dbapi = connection.connection.dbapi_connection
    assert dbapi is not None
    cursor = dbapi.cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchone() if cursor.description else None
    finally:
        cursor.close()
