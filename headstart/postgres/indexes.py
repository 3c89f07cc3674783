"""Read which of our indexes are INVALID, and whether somebody is at work on them.

One statement if there is none, which is nearly always. Reads the catalog only.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

from headstart.decision.index_repair import InvalidIndex, Partition
from headstart.facts.literals import array, literal
from headstart.facts.state import OurTables, Scope
from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.connection import READ_SECONDS
from headstart.postgres.inspection import BEGIN_READING, read_our_tables
from headstart.postgres.read_failure import named_failures
from headstart.postgres.reader import Reader

Found = dict[str, InvalidIndex]
"""By the index's oid: a name may be another index a moment later."""


def read_invalid_indexes(
    connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]
) -> tuple[InvalidIndex, ...]:
    """The INVALID indexes of our tables, a partition's before its parent's.

    `our_tables` is asked only if some index of the database is INVALID. Raises as
    inspect_database does.
    """
    with named_failures():
        rows = connection.execute(f"{BEGIN_READING}; {_ANY}", timeout_seconds=READ_SECONDS)
        connection.execute("COMMIT")
        if not rows[0][0] or not _read(connection, "true"):
            return ()
    condition = _is_ours(all_our_tables(connection, scope, our_tables))
    with named_failures():
        first = _read(connection, condition)
        # a build may have ended between the look at the index and the one at who builds
        still_invalid = {
            oid: each for oid, each in _read(connection, condition).items() if oid in first
        }
        kept = {
            oid: each for oid, each in still_invalid.items() if not (each.builder and each.is_copy)
        }
        indexes = [_with_partitions(connection, oid, each) for oid, each in kept.items()]
    return tuple(sorted(indexes, key=_order))


def read_standing(connection: Reader, index: InvalidIndex) -> InvalidIndex:
    """The index with its definition and its table's other indexes, read as it stands there.

    In the transaction that is open. Raises psycopg2.Error and TimeoutError.
    """
    rows = connection.execute(_STANDING.format(oid=index.oid), timeout_seconds=READ_SECONDS)
    if not rows:
        return index
    definition, beside = rows[0]
    return replace(index, definition=str(definition), beside=frozenset(str(beside).split()))


def read_gone(connection: Reader, indexes: Collection[InvalidIndex]) -> tuple[InvalidIndex, ...]:
    """Those that are not there again, though their table is. Raises as the above.

    There is one by its name, or by its definition where it was not beside it: a script may build it
    under another name, and rename it.
    """
    rows = ", ".join(
        f"({at}, {literal(each.schema)}, {literal(each.table)}, {literal(each.name)},"
        f" {literal(each.definition)}, {array(sorted(each.beside))})"
        for at, each in enumerate(indexes)
    )
    with named_failures():
        found = connection.execute(
            f"{BEGIN_READING}; {_GONE.replace('@rows@', rows)}", timeout_seconds=READ_SECONDS
        )
        connection.execute("COMMIT")
    gone = {int(str(row[0])) for row in found}
    return tuple(each for at, each in enumerate(indexes) if at in gone)


_DEFINITION = """pg_catalog.concat(CASE WHEN x.indisunique THEN 'UNIQUE ' END,
    pg_catalog.split_part(pg_catalog.pg_get_indexdef(x.indexrelid), pg_catalog.format(
      ' ON %s%I.%I ', CASE t.relkind WHEN 'p' THEN 'ONLY ' ELSE '' END, n.nspname, t.relname),
      2))"""
"""All of an index but for its name and its table's."""

_STANDING = f"""
SELECT {_DEFINITION}, (SELECT pg_catalog.string_agg(y.indexrelid::pg_catalog.text, ' ')
                         FROM pg_catalog.pg_index y WHERE y.indrelid = x.indrelid)
  FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
 WHERE x.indexrelid = {{oid}}"""

_GONE = f"""
SELECT d.at FROM (VALUES @rows@) AS d (at, schema, tab, name, definition, beside)
  JOIN pg_catalog.pg_namespace n ON n.nspname = d.schema
 WHERE EXISTS (SELECT FROM pg_catalog.pg_class t
                WHERE t.relnamespace = n.oid AND t.relname = d.tab AND t.relkind IN ('r', 'p', 'm'))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_class i
                    WHERE i.relnamespace = n.oid AND i.relname = d.name
                      AND i.relkind IN ('i', 'I'))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_class t
                     JOIN pg_catalog.pg_index x ON x.indrelid = t.oid
                    WHERE t.relnamespace = n.oid AND t.relname = d.tab AND x.indisvalid
                      AND NOT (x.indexrelid::pg_catalog.text = ANY (d.beside))
                      AND {_DEFINITION} = d.definition)"""


def _order(index: InvalidIndex) -> tuple[bool, bool, str, str]:
    """What nothing uses goes first: a repair that fails for good leaves another copy each time."""
    return index.partitioned, not index.is_copy, index.schema, index.name


def _read(connection: Reader, condition: str) -> Found:
    rows = connection.execute(
        f"{BEGIN_READING}; {_INVALID} AND {condition}", timeout_seconds=READ_SECONDS
    )
    connection.execute("COMMIT")
    return {str(row[0]): _index(*row) for row in rows}


def _index(*row: object) -> InvalidIndex:
    oid, schema, table, name, kind, unique, live, constraint, original, builder = row
    return InvalidIndex(
        str(schema),
        str(table),
        str(name),
        unique=bool(unique),
        live=bool(live),
        constraint=str(constraint or ""),
        has_original=bool(original),
        builder=str(builder) if builder else None,
        partitioned=kind == "I",
        oid=int(str(oid)),
    )


_BUILDERS = f"""
 (SELECT pg_catalog.string_agg({BACKEND_DESCRIPTION}, ', ')
    FROM pg_catalog.pg_stat_activity a
   WHERE a.pid IN (
     SELECT l.pid FROM pg_catalog.pg_locks l
      WHERE l.granted AND l.locktype = 'relation'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                           WHERE d.datname = pg_catalog.current_database())
        AND ((l.relation = x.indexrelid
                AND l.mode IN ('ShareUpdateExclusiveLock', 'AccessExclusiveLock'))
          OR (l.relation = x.indrelid AND l.mode = 'ShareUpdateExclusiveLock'
                AND l.pid IN (SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p
                               WHERE p.index_relid IS NULL OR p.index_relid = x.indexrelid)))))"""
"""Who builds, rebuilds or drops the index. Of another role's build only the pid is shown: it holds
a lock on the table, and may be building this one."""

_UNUSABLE = "NOT (x.indisvalid AND x.indisready AND x.indislive)"
_ANY = f"SELECT EXISTS (SELECT FROM pg_catalog.pg_index x WHERE {_UNUSABLE})"
"""Nearly always this ends it; what follows joins the catalogs of the whole database."""

_INVALID = f"""
SELECT x.indexrelid::text, n.nspname, t.relname, i.relname, i.relkind::text, x.indisunique,
       x.indislive, k.contype::text,
       EXISTS (SELECT FROM pg_catalog.pg_index y JOIN pg_catalog.pg_class o ON o.oid = y.indexrelid
                WHERE y.indrelid = x.indrelid AND y.indexrelid <> x.indexrelid
                  AND pg_catalog.starts_with(o.relname::text, pg_catalog.regexp_replace(
                        i.relname::text, '_cc(new|old)[0-9]*$', ''))),
       {_BUILDERS}
  FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_constraint k
    ON k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')
 WHERE {_UNUSABLE}
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""


def all_our_tables(
    connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]
) -> frozenset[str]:
    """Our tables with their schemas, also where only the version table tells of theirs."""
    tables = read_our_tables(connection, scope, our_tables)
    if scope.schema is None and scope.version_schema:
        # without env.py nobody says which schema its search_path names: try the version table's
        there = replace(scope, schema=scope.version_schema, search_path=(scope.version_schema,))
        tables |= read_our_tables(connection, there, our_tables)
    return tables


def _is_ours(tables: frozenset[str]) -> str:
    """The condition that an index is ours; the indexes of our tables' partitions are, too."""
    names = ", ".join(literal(name) for name in sorted(tables)) or "NULL"
    return f"""EXISTS (
     SELECT FROM pg_catalog.pg_class u JOIN pg_catalog.pg_namespace m ON m.oid = u.relnamespace
      WHERE (u.oid = x.indrelid OR u.oid IN (
              SELECT p.relid FROM pg_catalog.pg_partition_ancestors(x.indrelid) AS p (relid)))
        AND pg_catalog.concat(m.nspname, '.', u.relname) IN ({names}))"""


def _with_partitions(connection: Reader, oid: str, index: InvalidIndex) -> InvalidIndex:
    if not index.partitioned:
        return index
    rows = connection.execute(
        f"{BEGIN_READING}; {_PARTITIONS} WHERE x.indexrelid = {int(oid)}",
        timeout_seconds=READ_SECONDS,
    )
    connection.execute("COMMIT")
    partitions = tuple(
        Partition(
            str(schema),
            str(name),
            partitioned=kind == "p",
            index=str(part or alike) if part or alike else None,
            attached=bool(part),
        )
        for schema, name, kind, part, alike, _ in rows
    )
    method = str(rows[0][5]) if rows else ""
    return replace(index, partitions=partitions, method=method)


_PARTITIONS = """
SELECT n.nspname, c.relname, c.relkind::text, j.relname, (
         SELECT pg_catalog.min(o.relname::text)
           FROM pg_catalog.pg_index z JOIN pg_catalog.pg_class o ON o.oid = z.indexrelid
          WHERE z.indrelid = c.oid AND z.indisunique = x.indisunique AND NOT o.relispartition
            AND pg_catalog.split_part(pg_catalog.pg_get_indexdef(z.indexrelid), pg_catalog.format(
                  ' ON %s%I.%I ', CASE c.relkind WHEN 'p' THEN 'ONLY ' ELSE '' END, n.nspname,
                  c.relname), 2) = d.method),
       d.method
  FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
  CROSS JOIN LATERAL pg_catalog.split_part(pg_catalog.pg_get_indexdef(x.indexrelid),
    pg_catalog.format(' ON ONLY %I.%I ', s.nspname, t.relname), 2) AS d (method)
  JOIN pg_catalog.pg_inherits h ON h.inhparent = x.indrelid
  JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relkind IN ('r', 'p')
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (pg_catalog.pg_inherits e JOIN pg_catalog.pg_index y ON y.indexrelid = e.inhrelid
             JOIN pg_catalog.pg_class j ON j.oid = y.indexrelid)
    ON e.inhparent = x.indexrelid AND y.indrelid = c.oid"""
