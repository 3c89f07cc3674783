"""Look for version tables of this image beside the one that was looked at: env.py may name another.

Only what is surely Alembic's is read, and of owners whom we trust: reading a table of others may
execute something (facts/trust.py).
"""

from collections.abc import Collection

import psycopg2

from headstart.facts.literals import literal
from headstart.facts.sql import identifier
from headstart.facts.state import VersionTable
from headstart.facts.trust import owner_is_trusted
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.inspection import BEGIN_READING
from headstart.postgres.read_failure import LOCK_NOT_AVAILABLE, named_failures
from headstart.verdict.errors import Blocked

MOST_TABLES = 50
"""A schema a tenant may make thousands; a message names a few."""
_MOST_ROWS = 100


def read_other_version_tables(
    connection: Connection, revisions: Collection[str], recorded: str | None = None
) -> tuple[VersionTable, ...]:
    """The version tables that hold revisions of this image, wherever they are.

    `recorded` is the one that the fingerprints' header names, as [schema.]name: where it is there,
    it alone is given, whatever it holds. Raises Blocked, and as every read does.
    """
    schema, _, name = (recorded or "").rpartition(".")
    with named_failures():
        connection.execute(BEGIN_READING)
        try:
            named = connection.execute(_named(schema, name)) if name else []
            found = [VersionTable(str(s), str(n)) for s, n in named]
            found = found or _holding(connection, revisions)
        except psycopg2.Error as error:
            if error.pgcode == LOCK_NOT_AVAILABLE:
                raise Blocked(
                    "a version table cannot be read: somebody holds it exclusively",
                    sqlstate=error.pgcode,
                ) from None
            raise
        connection.execute("COMMIT")
    return tuple(found)


def _holding(connection: Connection, revisions: Collection[str]) -> list[VersionTable]:
    places = connection.execute(_ALEMBICS, timeout_seconds=READ_SECONDS)
    if not places:
        return []
    rows = connection.execute(
        " UNION ALL ".join(
            f"(SELECT {number}, version_num::pg_catalog.text"
            f" FROM ONLY {identifier(str(schema))}.{identifier(str(name))} LIMIT {_MOST_ROWS})"
            for number, (schema, name) in enumerate(places)
        ),
        timeout_seconds=READ_SECONDS,
    )
    held: dict[object, list[str]] = {}
    for number, revision in rows:
        held.setdefault(number, []).append(str(revision))
    return [
        VersionTable(str(schema), str(name), tuple(sorted(held[number])))
        for number, (schema, name) in enumerate(places)
        if not set(revisions).isdisjoint(held.get(number, ()))
    ]


def _named(schema: str, name: str) -> str:
    where = f" AND n.nspname = {literal(schema)}" if schema else ""
    return (
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'p') AND c.relname = {literal(name)}{where}"
        f" ORDER BY 1 LIMIT {MOST_TABLES}"
    )


_ALEMBICS = f"""
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num'
  JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1
   AND i.indkey[0] = a.attnum
 WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND NOT a.attisdropped
   AND a.atttypid = 'pg_catalog.varchar'::pg_catalog.regtype
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute b WHERE b.attrelid = c.oid
                      AND b.attnum > 0 AND NOT b.attisdropped AND b.attnum <> a.attnum)
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND {owner_is_trusted()}
 ORDER BY 1, 2 LIMIT {MOST_TABLES}"""
"""An ordinary table of one column, as Alembic makes it; of an owner whom we trust."""
