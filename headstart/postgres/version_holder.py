"""Who keeps the version table from being read: a session, or a transaction that is prepared.

Asked after a read has given up, on a connection of ours that is in no transaction any more.
"""

from contextlib import suppress

import psycopg2

from headstart.facts.literals import literal
from headstart.facts.state import Scope
from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.connection import Connection
from headstart.postgres.waits import PREPARED_CURE, PREPARED_DESCRIPTION
from headstart.verdict.errors import Blocked


def naming_holder(error: Blocked, connection: Connection, begin: str, scope: Scope) -> Blocked:
    """The error with who holds the version table, or is to have it next; as it is if nobody does.

    `begin` begins a transaction that reads.
    """
    with suppress(psycopg2.Error, TimeoutError):
        rows = connection.execute(f"{begin}; {_sql(scope)}")
        connection.execute("ROLLBACK")
        holders = [str(holder) for holder, _ in rows]
        cures = [str(cure) for _, cure in rows if cure is not None]
        if holders:
            return Blocked(
                f"the version table {scope.version_table} could not be read: it is locked by"
                f" {'; '.join(holders)}",
                sqlstate=error.sqlstate,
                next_step=next(iter(cures), None),
            )
    return error


def _sql(scope: Scope) -> str:
    in_schema = f" AND n.nspname = {literal(scope.version_schema)}" if scope.version_schema else ""
    return (
        f"SELECT CASE WHEN p.gid IS NULL THEN {BACKEND_DESCRIPTION}"
        f" ELSE {PREPARED_DESCRIPTION} END,"
        f" CASE WHEN p.gid IS NOT NULL THEN {PREPARED_CURE} END FROM pg_catalog.pg_locks l"
        " JOIN pg_catalog.pg_class c ON c.oid = l.relation"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
        " LEFT JOIN pg_catalog.pg_locks x ON l.pid IS NULL AND x.pid IS NULL"
        " AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction"
        " LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid"
        " WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'"
        " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d"
        " WHERE d.datname = pg_catalog.current_database())"
        f" AND c.relname = {literal(scope.version_table)}{in_schema}"
        " AND (a.pid IS NOT NULL OR p.gid IS NOT NULL) ORDER BY NOT l.granted, 1 LIMIT 3"
    )
