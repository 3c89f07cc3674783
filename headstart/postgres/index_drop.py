"""Drop an INVALID index, in one transaction of its own, where nobody is at work on it.

The lock comes first: whoever builds, drops or rebuilds an index concurrently holds SHARE UPDATE
EXCLUSIVE on its table, so that with that lock in hand nobody does, and what is seen then stays so.
It is asked for with NOWAIT, and the DROP waits half a second at most, so that nobody stands long in
a queue behind it. Never DROP INDEX CONCURRENTLY: queued behind a build, it waits for what the build
waits for, and the server ends one of them.

Autovacuum holds that lock, too. It gives way to who waits for longer than deadlock_timeout, so
where nobody else has the lock it is waited for: nothing that the app does stands behind that wait.
"""

import psycopg2

from headstart.decision.index_repair import InvalidIndex
from headstart.facts.literals import array, literal
from headstart.facts.sql import identifier
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.indexes import read_standing
from headstart.postgres.inspection import BEGIN_READING
from headstart.postgres.read_failure import named_failures
from headstart.verdict.errors import Blocked
from headstart.verdict.sqlstates import Fault, fault_of

LOCK_MILLISECONDS = 500
"""Below deadlock_timeout, so that a build that waits for us is not ended by the server."""
_MATERIALIZED_VIEW = "m"


class DropRefused(Exception):
    """The server does not let this role drop the index; the text says why."""


def drop_invalid_index(
    connection: Connection, index: InvalidIndex, role: str | None, *, behind_vacuum: bool = False
) -> InvalidIndex | None:
    """Drop it as `role`; gives it as it stood there before.

    None if it was not dropped: it may be valid by now, or needed by something.
    `behind_vacuum`: wait until autovacuum gives way. Raises Blocked where a lock is not to be had,
    DropRefused, and as inspect_database does.
    """
    with named_failures():
        try:
            dropped = _dropped(connection, index, role, behind_vacuum=behind_vacuum)
            connection.execute("COMMIT" if dropped else "ROLLBACK", pin=False)
        except psycopg2.Error as error:
            fault = fault_of(error.pgcode)
            if fault not in {Fault.LOCK, Fault.RAISED} and not fault.permanent:
                raise
            connection.execute("ROLLBACK", pin=False)
            text = error.diag.message_primary or " ".join(str(error).split())
            if fault is Fault.LOCK:
                raise Blocked(text, sqlstate=error.pgcode) from None
            if fault is Fault.ACCESS:
                raise DropRefused(f"{text} ({error.pgcode})") from None
            return None  # a part of another index, or an event trigger: the revision meets it, too
    return dropped


def _dropped(
    connection: Connection, index: InvalidIndex, role: str | None, *, behind_vacuum: bool
) -> InvalidIndex | None:
    schema = identifier(index.schema)
    become = f"SET LOCAL ROLE {identifier(role)}; " if role else ""
    connection.execute(
        "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE;"
        f" {become}SET LOCAL lock_timeout = {LOCK_MILLISECONDS}; SET LOCAL statement_timeout = 0;"
        " SET LOCAL synchronous_commit = local"
    )
    kind = connection.execute(_IS_STILL_INVALID.format(oid=index.oid, name=literal(index.name)))
    if not kind:
        return None
    # nobody can lock a view by itself: there the look at who builds has to do
    if kind[0][0] != _MATERIALIZED_VIEW:
        table = f"{schema}.{identifier(index.table)}"
        lock = f"LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE"
        if behind_vacuum:
            connection.execute(_LONGER_THAN_VACUUM)
            connection.execute(f"{lock}; SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
        else:
            connection.execute(f"{lock} NOWAIT")
        if not connection.execute(
            _IS_STILL_INVALID.format(oid=index.oid, name=literal(index.name))
        ):
            return None
    stood = read_standing(connection, index)
    drop = f"DROP INDEX {schema}.{identifier(index.name)}"
    connection.execute(drop, timeout_seconds=READ_SECONDS)
    # one that was renamed at that moment has left its name to another one
    is_there = connection.execute(f"SELECT FROM pg_catalog.pg_class c WHERE c.oid = {index.oid}")
    return None if is_there else stood


_IS_STILL_INVALID = """
SELECT t.relkind::text FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
 WHERE i.oid = {oid} AND i.relname = {name} AND i.relkind = 'i'
   AND NOT (x.indisvalid AND x.indisready AND x.indislive)"""


_LONGER_THAN_VACUUM = (
    "SELECT pg_catalog.set_config('lock_timeout', (s.setting::pg_catalog.int4 + 300)"
    "::pg_catalog.text, true) FROM pg_catalog.pg_settings s WHERE s.name = 'deadlock_timeout'"
)


def is_only_vacuumed(connection: Connection, index: InvalidIndex) -> bool:
    """Whether nothing but a VACUUM or ANALYZE holds the lock. Raises as inspect_database does."""
    with named_failures():
        rows = connection.execute(f"{BEGIN_READING}; {_ONLY_VACUUMED.format(oid=index.oid)}")
        connection.execute("COMMIT", pin=False)
    return rows[0][0] is True


_ONLY_VACUUMED = """
SELECT pg_catalog.bool_and(l.pid IN (
         SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum v
         UNION SELECT a.pid FROM pg_catalog.pg_stat_progress_analyze a))
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_index y ON y.indrelid = l.relation
 WHERE y.indexrelid = {oid} AND l.granted AND l.locktype = 'relation'
   AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                      WHERE d.datname = pg_catalog.current_database())"""


def schema_of_table(connection: Connection, path: tuple[str, ...], table: str) -> str | None:
    """The first schema of a search_path that has a relation of this name."""
    with named_failures():
        rows = connection.execute(
            f"{BEGIN_READING}; SELECT n.nspname FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE c.relname = {literal(table)} AND n.nspname::text = ANY ({array(path)})"
            f" ORDER BY pg_catalog.array_position({array(path)}, n.nspname::text) LIMIT 1"
        )
        connection.execute("COMMIT", pin=False)
    return str(rows[0][0]) if rows else None
