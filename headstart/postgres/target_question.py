"""The question for many targets of one database, in three messages for some fifty of them. Pure.

First the catalog says what has the version tables' names, and which of these may be read. Then the
version rows, in one message. Last, for those at the head, the number of the schema: the ordinary
question (proof_question.py), planned once and answered for one after the other. What it asks of the
whole database there, it asks of the target's own schema here: who else is in the database does not
count, since a definition that shows a name of theirs gets no mark (proof_question.LEAVES).

For a connection whose search_path is pinned by Connection.execute.
"""

from collections.abc import Iterable, Sequence

from headstart.facts.literals import array, literal
from headstart.facts.sql import relation_named
from headstart.facts.target import TargetPlace
from headstart.facts.trust import owner_is_trusted
from headstart.postgres.advisory_lock import RUN_LOCK_KEY, held_condition
from headstart.postgres.proof_question import LEAVES, filled
from headstart.postgres.row_versions import MEMBER, OBJECTS, OWN_NUMBER, SHARED_NUMBER, exact
from headstart.postgres.version_table import RECORD_COMMENT

LOCK_MILLISECONDS = 200
"""For who has locked a version table since the catalog was asked: its batch is asked again."""
MOST_ROWS = 100
"""Version rows that are read of a target; no history has so many heads."""

Objects = Iterable[tuple[str, str]]
"""Schemas, empty for that of the version table, and names."""

_LIMITS = f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}; SET LOCAL jit = off; "
_BY_INDEX = "SET LOCAL enable_seqscan = off; "
"""A target is a small part of the catalogs, which a planner without statistics does not know."""

_HERE = "(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())"

_CATALOG = f"""
WITH lock AS MATERIALIZED (
  SELECT l.* FROM pg_catalog.pg_locks l WHERE l.database = {_HERE}),
run AS MATERIALIZED (
  SELECT EXISTS (SELECT FROM lock l WHERE {held_condition(RUN_LOCK_KEY)}
    AND l.mode = 'ExclusiveLock') AS alone,
    NOT pg_catalog.pg_is_in_recovery()
      AND pg_catalog.current_setting('transaction_read_only') = 'off' AS writable),
wanted AS MATERIALIZED (
  SELECT w.* FROM ROWS FROM (unnest(@schemas@), unnest(@names@), unnest(@keys@))
    WITH ORDINALITY AS w (schema, name, key, place))
SELECT w.place, run.writable, c.oid, c.relkind, {owner_is_trusted()} IS TRUE, c.relrowsecurity,
  c.relhasrules OR c.relhastriggers,
  EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
  EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid
    AND a.attname = 'version_num' AND a.atttypid IN (25, 1043)),
  pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
  EXISTS (SELECT FROM lock l WHERE l.locktype = 'relation' AND l.relation = c.oid
    AND l.mode = 'AccessExclusiveLock'),
  run.alone OR EXISTS (SELECT FROM lock l WHERE l.locktype = 'advisory' AND l.objsubid = 1
    AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = w.key),
  (SELECT {RECORD_COMMENT} FROM pg_catalog.pg_description d WHERE d.objoid = c.oid
    AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0)
  FROM run CROSS JOIN wanted w
  LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
    ON c.oid = {relation_named("w.schema::name", "w.name::name")}
      AND n.nspname::text = w.schema AND c.relname::text = w.name
 ORDER BY w.place"""
# A name that the server would cut is no table's. Who only waits for AccessExclusive keeps others
# from reading, too.

_SHARED = exact(f"""\
{MEMBER},
shared AS MATERIALIZED ({SHARED_NUMBER}),
server AS MATERIALIZED (
  SELECT pg_catalog.concat_ws(' '::pg_catalog.text,
    pg_catalog.current_setting('server_version_num'), s.system_identifier, b.oid,
    (SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolname = current_user)) AS words
    FROM pg_catalog.pg_database b CROSS JOIN pg_catalog.pg_control_system() s
   WHERE b.datname = pg_catalog.current_database())""")

_OWN = exact(f"""\
WITH RECURSIVE {OBJECTS},
tree (oid) AS (
  SELECT r.oid FROM relation r
  UNION SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)
SELECT NOT EXISTS (SELECT FROM relation r WHERE NOT
      pg_catalog.has_schema_privilege(r.relnamespace, 'USAGE'))
    AND NOT EXISTS (SELECT FROM tree t JOIN pg_catalog.pg_index x ON x.indrelid = t.oid
      WHERE NOT (x.indisvalid AND x.indisready AND x.indislive))
    AND NOT EXISTS (SELECT FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
      WHERE pg_catalog.right(i::pg_catalog.text, 3) = ',t)'::pg_catalog.text) AS sound,
  pg_catalog.pg_has_role(h.relowner, 'USAGE') AS owned,
  CASE WHEN d.objoid IS NOT NULL THEN {RECORD_COMMENT} END AS comment,
  d.xmin::pg_catalog.text AS written_by, ({OWN_NUMBER}) AS number
  FROM home h
  LEFT JOIN pg_catalog.pg_description d ON d.objoid = h.oid
    AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
    AND d.objsubid = 0""")
# An INVALID index on a partition that no revision has made counts for the flow, too.

_SPACES = exact(
    "\n     AND (n.oid = h.relnamespace OR n.nspname = ANY (@schemas@::pg_catalog.name[]))"
)
# by its indexes: else all schemas are looked at for each of them


def catalog_question(places: Sequence[TargetPlace]) -> str:
    """What has the version tables' names, in the order of the targets.

    A row has the target's place from 1, `writable` of TargetSeen, then the fields of
    VersionTableSeen, NULL where nothing has the name.
    """
    keys = ", ".join("NULL" if each.lock_key is None else str(each.lock_key) for each in places)
    values = {
        "schemas": array(each.schema for each in places),
        "names": array(each.table for each in places),
        "keys": f"ARRAY[{keys}]::pg_catalog.int8[]",
    }
    return f"{_LIMITS}{filled(_CATALOG, values)}"


def rows_question(places: Sequence[tuple[int, TargetPlace]]) -> str:
    """The version rows, as: the number given, the oid of the table, a revision or NULL.

    Fails where one of the tables is locked, or is gone.
    """
    parts = (
        f"(SELECT {number}, v.tableoid::pg_catalog.int8, v.version_num::pg_catalog.text"
        f" FROM {_quoted(place.schema)}.{_quoted(place.table)} v LIMIT {MOST_ROWS})"
        for number, place in places
    )
    return f"{_LIMITS}{' UNION ALL '.join(parts)}"


def number_question(tables: Iterable[tuple[int, str]], objects: Objects) -> str:
    """For version tables, by oid and name: a row each with the oid and the fields of SchemaSeen."""
    every = list(tables)
    oids = ", ".join(str(oid) for oid, _ in every)
    own = _filled(_OWN, "target.oid", "target.relname", objects)
    return (
        f"{_LIMITS}{_BY_INDEX}WITH {_SHARED}\n"
        "SELECT target.oid, q.sound, q.owned, q.comment, q.written_by, server.words,"
        " pg_catalog.concat(q.number, '/', (SELECT d.concat_ws FROM shared d))"
        f" FROM ROWS FROM (unnest(ARRAY[{oids}]::pg_catalog.oid[]),"
        f" unnest({array(name for _, name in every)})) AS target (oid, relname)"
        f" CROSS JOIN server CROSS JOIN LATERAL ({own}) q"
    )


def leaving_target(table: tuple[int, str], objects: Objects) -> str:
    """The message that counts what the objects of one refer to outside of their names."""
    oid, name = table
    leaves = f"WITH {OBJECTS}\n{LEAVES}"
    return _LIMITS + _BY_INDEX + _filled(leaves, f"'{oid}'::pg_catalog.oid", literal(name), objects)


def _filled(sql: str, home: str, table: str, objects: Objects) -> str:
    every = list(objects)
    schemas = array(schema for schema, _ in every)
    values = {
        "schemas": schemas,
        "names": array(name for _, name in every),
        "home": home,
        "spaces": filled(_SPACES, {"schemas": schemas}),
        "table": table,
    }
    return filled(sql, values)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
