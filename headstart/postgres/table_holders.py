"""Who holds locks on the table of an index that is to be dropped.

Asked by who waits for nothing at that moment: so it is read from the locks that are granted, not
from who blocks whom. A transaction is known by its virtual number: a pooler's process ids are never
gone.
"""

from collections.abc import Collection

import psycopg2

from headstart.decision.index_repair import InvalidIndex
from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.inspection import BEGIN_READING
from headstart.postgres.read_failure import named_failures
from headstart.postgres.waits import (
    PREPARED_CURE,
    PREPARED_DESCRIPTION,
    Wait,
    are_over,
    end_idle,
)


def read_holders(connection: Connection, index: InvalidIndex, own_name: str) -> tuple[Wait, ...]:
    """Who holds a lock on the index's table. Raises as inspect_database does.

    `own_name` is the application_name of env.py's connections.
    """
    with named_failures():
        rows = connection.execute(
            f"{BEGIN_READING}; {_HOLDERS.format(oid=index.oid)}", timeout_seconds=READ_SECONDS
        )
        connection.execute("COMMIT", pin=False)
    return tuple(_holder(row, own_name) for row in rows)


def are_gone(connection: Connection, holders: Collection[Wait]) -> bool:
    """Whether the transactions of these holders are over. Raises as inspect_database does."""
    with named_failures():
        return are_over(connection, {str(each.virtual) for each in holders})


def end_idle_holders(
    connection: Connection, holders: Collection[Wait], idle_seconds: float
) -> tuple[tuple[int, str], ...] | None:
    """End those that have been idle for so long, as end_idle() does; None if we may not.

    Raises as inspect_database does.
    """
    with named_failures():
        try:
            return end_idle(connection, holders, idle_seconds)
        except psycopg2.errors.InsufficientPrivilege:
            return None


def _holder(row: tuple[object, ...], own_name: str) -> Wait:
    ours, process, description, state, idle_since, idle, name, wanted, cure, virtual = row[:10]
    age, yields = row[10:]
    doing = f", {state}" if state else ""
    if idle_since is not None:
        doing = f", idle in its transaction for {idle} s"
    return Wait(
        int(str(ours)),
        int(str(process)),
        f"{description}{doing}",
        None if idle_since is None else str(idle_since),
        by_itself=name == own_name,
        wanted=str(wanted),
        cure=None if cure is None else str(cure),
        virtual=str(virtual),
        age_seconds=None if age is None else float(str(age)),
        yields=bool(yields),
    )


_HOLDERS = (
    "SELECT DISTINCT ON (l.virtualtransaction) pg_catalog.pg_backend_pid(),"
    " coalesce(l.pid, 0),"
    f" CASE WHEN p.gid IS NULL THEN {BACKEND_DESCRIPTION} ELSE {PREPARED_DESCRIPTION} END,"
    " a.state, CASE WHEN a.state = 'idle in transaction' THEN a.state_change::pg_catalog.text END,"
    " pg_catalog.round(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.state_change)"
    "::pg_catalog.numeric)::pg_catalog.text,"
    " a.application_name, pg_catalog.format('AccessExclusiveLock on %I.%I', n.nspname, t.relname),"
    f" CASE WHEN p.gid IS NOT NULL THEN {PREPARED_CURE} END, l.virtualtransaction,"
    " EXTRACT(epoch FROM pg_catalog.clock_timestamp()"
    " - coalesce(a.xact_start, p.prepared)),"
    # of an autovacuum anybody sees its progress, and that it is nobody's
    " a.usesysid IS NULL AND a.query NOT LIKE '%(to prevent wraparound)' AND a.pid IN ("
    "SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum v"
    " UNION SELECT z.pid FROM pg_catalog.pg_stat_progress_analyze z)"
    " FROM pg_catalog.pg_index y"
    " JOIN pg_catalog.pg_class t ON t.oid = y.indrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
    " JOIN pg_catalog.pg_locks l ON l.relation IN (y.indrelid, y.indexrelid)"
    " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
    " LEFT JOIN pg_catalog.pg_locks x ON l.pid IS NULL AND x.pid IS NULL"
    " AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction"
    " LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid"
    " WHERE y.indexrelid = {oid} AND l.granted AND l.locktype = 'relation'"
    " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d"
    " WHERE d.datname = pg_catalog.current_database())"
    " AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()"
    " AND (a.pid IS NOT NULL OR p.gid IS NOT NULL)"
    # a parallel worker's leader has the lock, too
    " AND a.leader_pid IS NULL ORDER BY l.virtualtransaction"
)
