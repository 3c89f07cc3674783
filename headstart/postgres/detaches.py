"""Read which of our partitions are half detached, and whether somebody is at work on them.

One statement if there is none, which is nearly always. Reads the catalog only.
"""

from collections.abc import Callable

from headstart.decision.pending_detach import PendingDetach
from headstart.facts.state import OurTables, Scope
from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.connection import READ_SECONDS
from headstart.postgres.indexes import all_our_tables
from headstart.postgres.inspection import BEGIN_READING
from headstart.postgres.read_failure import named_failures
from headstart.postgres.reader import Reader


def read_pending_detaches(
    connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]
) -> tuple[PendingDetach, ...]:
    """The partitions of our tables that are half detached. Raises as inspect_database does."""
    if connection.server_version < _FIRST_VERSION:
        return ()
    with named_failures():
        rows = connection.execute(f"{BEGIN_READING}; {_PENDING}", timeout_seconds=READ_SECONDS)
        connection.execute("COMMIT")
    if not rows:
        return ()
    ours = all_our_tables(connection, scope, our_tables)
    return tuple(
        PendingDetach(
            *(str(row[0]), str(row[1]), str(row[2]), str(row[3]), str(row[4])),
            str(row[5]) if row[5] else None,
        )
        for row in rows
        if {f"{row[0]}.{row[1]}", f"{row[2]}.{row[3]}", f"{row[6]}.{row[7]}"} & ours
    )


# who waits in it for older transactions holds no lock meanwhile: the statement tells
_FIRST_VERSION = 140000
"""The first PostgreSQL that detaches concurrently."""
_PENDING = rf"""
SELECT n.nspname::text, t.relname::text, m.nspname::text, c.relname::text,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid),
       (SELECT pg_catalog.string_agg({BACKEND_DESCRIPTION}, ', ')
          FROM pg_catalog.pg_stat_activity a
         WHERE a.datname = pg_catalog.current_database() AND a.state = 'active'
             AND a.query ~* 'detach\s+partition' AND a.pid <> pg_catalog.pg_backend_pid()
            OR a.pid IN (
           SELECT l.pid FROM pg_catalog.pg_locks l
            WHERE l.granted AND l.locktype = 'relation' AND l.relation = t.oid
              AND l.mode = 'ShareUpdateExclusiveLock'
              AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                 WHERE d.datname = pg_catalog.current_database()))),
       k.nspname::text, r.relname::text
  FROM pg_catalog.pg_inherits h
  JOIN pg_catalog.pg_class t ON t.oid = h.inhparent
  JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid
  JOIN pg_catalog.pg_namespace m ON m.oid = c.relnamespace
  JOIN pg_catalog.pg_class r ON r.oid = COALESCE(pg_catalog.pg_partition_root(t.oid)::oid, t.oid)
  JOIN pg_catalog.pg_namespace k ON k.oid = r.relnamespace
 WHERE h.inhdetachpending
 ORDER BY 1, 2, 3, 4"""
