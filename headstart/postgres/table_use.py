"""Read how large and how busy the tables are that pending revisions are about.

Reads the catalog and the statistics only, never a table. Rows are the planner's estimate, or where
there is none yet, what the statistics counted.
"""

import json

from headstart.facts.literals import array
from headstart.facts.live_tables import LiveTable, LiveTables, Names
from headstart.facts.state import TableName
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.inspection import BEGIN_READING
from headstart.postgres.read_failure import named_failures


def read_live_tables(connection: Connection, names: Names) -> LiveTables:
    """Read the relations with these names, in whichever schema. Raises Blocked and the like."""
    with named_failures():
        path, schemas, user = map(str, connection.execute(_PATH, pin=False)[0])
        rows = _read(connection, _TABLES.replace("@names@", array(sorted(names.tables))))
        owners = _read(connection, _INDEXES.replace("@names@", array(sorted(names.indexes))))
        own = _read(connection, _FUNCTIONS.replace("@names@", array(sorted(names.functions))))
    every = [_table(row) for row in rows]
    return LiveTables(
        tuple(json.loads(path)),
        {(each.schema, each.name): each for each in every},
        {_pair(row[0], row[1]): _pair(row[2], row[3]) for row in owners},
        frozenset(json.loads(schemas)),
        user,
        frozenset(str(row[0]) for row in own),
    )


def _read(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    rows = connection.execute(f"{BEGIN_READING}; {sql}", timeout_seconds=READ_SECONDS)
    connection.execute("COMMIT")
    return rows


def _pair(schema: object, name: object) -> TableName:
    return str(schema), str(name)


def _table(row: tuple[object, ...]) -> LiveTable:
    schema, name, rows, size, scans, writes, pages = row
    return LiveTable(
        str(schema),
        str(name),
        rows=int(str(rows)),
        bytes=int(str(size)),
        scans=int(str(scans)),
        writes=int(str(writes)),
        pages=bool(pages),
    )


_PATH = """
SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(false))::pg_catalog.text,
       (SELECT pg_catalog.json_agg(n.nspname)::pg_catalog.text FROM pg_catalog.pg_namespace n),
       current_user::pg_catalog.text"""

_FUNCTIONS = """
SELECT DISTINCT p.proname::text
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE p.proname = ANY (@names@) AND n.nspname = 'pg_catalog'"""

_TABLES = """
WITH RECURSIVE member (root, oid) AS (
  SELECT c.oid, c.oid
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname = ANY (@names@) AND c.relkind IN ('r', 'p', 'm')
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   UNION
  SELECT m.root, i.inhrelid FROM member m JOIN pg_catalog.pg_inherits i ON i.inhparent = m.oid)
SELECT n.nspname::text, c.relname::text,
       coalesce(sum(CASE WHEN p.reltuples > 0 THEN p.reltuples
                         ELSE coalesce(s.n_live_tup, 0) END), 0)::bigint,
       coalesce(sum(pg_catalog.pg_table_size(p.oid)), 0)::bigint,
       coalesce(sum(coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0)), 0)::bigint,
       coalesce(sum(coalesce(s.n_tup_ins, 0) + coalesce(s.n_tup_upd, 0)
                    + coalesce(s.n_tup_del, 0)), 0)::bigint,
       coalesce(bool_or(
         p.relkind = 'f' OR coalesce(pg_catalog.pg_relation_size(p.oid), 0) > 0), false)
  FROM member m
  JOIN pg_catalog.pg_class c ON c.oid = m.root
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class p ON p.oid = m.oid AND p.relkind IN ('r', 'm', 'f')
  LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = p.oid
 GROUP BY c.oid, n.nspname, c.relname"""
# A partitioned table has no rows of its own, but since PostgreSQL 14 an estimate of all of them.
# A partition that is a foreign table has no size here, and is never called empty.

_INDEXES = """
SELECT n.nspname::text, c.relname::text, m.nspname::text, t.relname::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace m ON m.oid = t.relnamespace
 WHERE c.relname = ANY (@names@)
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""
