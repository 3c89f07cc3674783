"""What tells that a proven schema is still the same, without reading it again. Pure text.

A row of the catalog that changes gets a new xmin. So one number over the rows of all objects that
count, each by its oid and its xmin, is another one after every change of them; nothing has to be
printed for that. Changes of others do not count, but for the names that a definition shows. A
number that differs says nothing (an ALTER TABLE that sets statistics changes it, too): then the
schema is compared.

The statements are one message of the simple protocol, which is one transaction. What is in it
before the search_path is pinned names every operator with its schema, and so does what comes after
it: the version table's schema has to be searched then, and whoever creates there could else plant an
operator that fits better than one of pg_catalog's.

The kinds of facts that the number stands for are COVERED: a history with any other kind has none.
"""

from headstart.facts.literals import array, literal
from headstart.postgres.advisory_lock import RUN_LOCK_KEY, held_condition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

COVERED = frozenset(
    {"table", "view", "matview", "column", "composite", "pk", "unique", "fk", "exclude", "check"}
    | {"index", "trigger", "rule", "statistics", "policy", "sequence", "enum", "domain", "range"}
    | {"function", "extension", "schema"}
)
LOCK_MILLISECONDS = 50
"""For somebody who has locked the version table: a run that is at work, nearly always."""

_PINS = (("lock_timeout", str(LOCK_MILLISECONDS)), ("jit", "off"), ("statement_timeout", "2000"))
_OPERATORS = ("=", "<>", ">=", ">", "!~")


def _exact(sql: str) -> str:
    """The SQL with each operator named as pg_catalog's."""
    for operator in _OPERATORS:
        sql = sql.replace(f" {operator} ", f" OPERATOR(pg_catalog.{operator}) ")
    return sql


_PIN = _exact("""\
SELECT pg_catalog.set_config('search_path', CASE WHEN EXISTS (
  SELECT FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
   WHERE c.relname = @table@::pg_catalog.name AND n.nspname = pg_catalog.current_schema()
     AND c.relkind = 'r'::pg_catalog."char" AND NOT c.relrowsecurity AND NOT c.relhasrules
     AND NOT c.relhastriggers AND NOT c.relhassubclass
     AND a.attname = 'version_num'::pg_catalog.name
     AND a.atttypid = ANY ('{25,1043}'::pg_catalog.oid[])
     AND (o.rolsuper OR o.rolname = current_user OR EXISTS (
       SELECT FROM pg_catalog.pg_database d
        WHERE d.datname = pg_catalog.current_database() AND d.datdba = o.oid)))
  AND (pg_catalog.current_schemas(true))[1] = 'pg_catalog'::pg_catalog.name
 THEN pg_catalog.concat('pg_catalog, ', pg_catalog.quote_ident(
   pg_catalog.current_schema()::pg_catalog.text), ', pg_temp')
 ELSE 'pg_catalog, pg_temp' END, true)""")
# Where the version table is none that may be read (a view of somebody's would be executed), its
# schema is not searched, and the next statement fails.

_SCOPE = _exact("""\
WITH wanted AS MATERIALIZED (
  SELECT w.schema, w.name::pg_catalog.name AS name FROM ROWS FROM (
    pg_catalog.unnest(@schemas@), pg_catalog.unnest(@names@)) AS w (schema, name)),
home AS MATERIALIZED (
  SELECT c.oid, c.relnamespace, c.relowner FROM pg_catalog.pg_class c
   WHERE c.oid = @place@::pg_catalog.regclass),
space AS MATERIALIZED (
  SELECT n.oid, n.xmin, n.nspname, CASE WHEN n.oid = h.relnamespace THEN ''
         ELSE n.nspname::pg_catalog.text END AS schema
    FROM pg_catalog.pg_namespace n, home h
   WHERE n.nspname::pg_catalog.text !~ '^pg_'::pg_catalog.text
     AND n.nspname <> 'information_schema'::pg_catalog.name),
want AS MATERIALIZED (
  SELECT s.oid AS space, w.name FROM wanted w JOIN space s ON s.schema = w.schema),
relation AS MATERIALIZED (
  SELECT c.* FROM want w JOIN pg_catalog.pg_class c
      ON c.relname = w.name AND c.relnamespace = w.space
   WHERE c.relkind = ANY ('{r,p,f,v,m,c,S}'::pg_catalog."char"[])
     AND c.relname <> @table@::pg_catalog.name),
kind AS MATERIALIZED (
  SELECT t.oid, t.xmin FROM want w JOIN pg_catalog.pg_type t
      ON t.typname = w.name AND t.typnamespace = w.space
   WHERE t.typtype = ANY ('{e,d,r}'::pg_catalog."char"[])),
call AS MATERIALIZED (
  SELECT p.oid, p.xmin FROM want w JOIN pg_catalog.pg_proc p
      ON p.proname = w.name AND p.pronamespace = w.space),
owned AS MATERIALIZED (
  SELECT d.objid, d.refobjid, d.refobjsubid, d.deptype, d.xmin, q.xmin AS its, c.relname
    FROM relation r JOIN pg_catalog.pg_depend d
      ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
     AND d.refobjid = r.oid
    JOIN pg_catalog.pg_sequence q ON q.seqrelid = d.objid
    JOIN pg_catalog.pg_class c ON c.oid = d.objid
   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
     AND d.deptype = ANY ('{a,i}'::pg_catalog."char"[]))""")

_PARTS = (
    # what the normal form reads of a relation; its xmin counts each TRUNCATE and VACUUM FULL
    """relation r""",
    "r.oid, r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity,"
    " r.relispartition, r.reloftype, r.relreplident, r.relpartbound,"
    " CASE WHEN r.relkind = ANY ('{v,m}'::pg_catalog.\"char\"[]) THEN r.reloptions END",
    "relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid"
    " WHERE a.attnum > 0::pg_catalog.int2",
    "a.attrelid, a.attnum, a.xmin",
    "relation r JOIN pg_catalog.pg_attrdef a ON a.adrelid = r.oid",
    "a.oid, a.xmin",
    "relation r JOIN pg_catalog.pg_constraint a ON a.conrelid = r.oid",
    "a.oid, a.xmin",
    "kind r JOIN pg_catalog.pg_constraint a ON a.contypid = r.oid",
    "a.oid, a.xmin",
    "relation r JOIN pg_catalog.pg_index a ON a.indrelid = r.oid"
    " JOIN pg_catalog.pg_class i ON i.oid = a.indexrelid",
    "a.indexrelid, a.xmin, a.indisvalid, i.relname, i.relispartition",
    # those of foreign keys, too, which may be disabled
    "relation r JOIN pg_catalog.pg_trigger a ON a.tgrelid = r.oid",
    "a.oid, a.xmin",
    "relation r JOIN pg_catalog.pg_policy a ON a.polrelid = r.oid",
    "a.oid, a.xmin, (SELECT pg_catalog.string_agg(o.rolname::pg_catalog.text, ','"
    " ORDER BY o.rolname) FROM pg_catalog.pg_roles o WHERE o.oid = ANY (a.polroles))",
    "relation r JOIN pg_catalog.pg_rewrite a ON a.ev_class = r.oid",
    "a.oid, a.xmin",
    "relation r JOIN pg_catalog.pg_statistic_ext a ON a.stxrelid = r.oid",
    "a.oid, a.xmin",
    "relation r JOIN pg_catalog.pg_sequence a ON a.seqrelid = r.oid",
    "a.seqrelid, a.xmin",
    "relation r JOIN pg_catalog.pg_inherits a ON a.inhrelid = r.oid",
    "a.inhrelid, a.inhparent, a.xmin",
    "relation r JOIN pg_catalog.pg_foreign_table a ON a.ftrelid = r.oid",
    "a.ftrelid, a.ftserver, a.xmin",
    "owned a",
    "a.objid, a.refobjid, a.refobjsubid, a.deptype, a.xmin, a.its, a.relname",
    "kind a",
    "a.oid, a.xmin",
    "kind r JOIN pg_catalog.pg_enum a ON a.enumtypid = r.oid",
    "a.oid, a.xmin",
    "kind r JOIN pg_catalog.pg_range a ON a.rngtypid = r.oid",
    "a.rngtypid, a.xmin",
    "call a",
    "a.oid, a.xmin",
    "call r JOIN pg_catalog.pg_aggregate a ON a.aggfnoid::pg_catalog.oid = r.oid",
    "a.aggfnoid::pg_catalog.oid, a.xmin",
    # an extension's objects do not count, and may come to count
    """pg_catalog.pg_depend a JOIN (
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, r.oid
        FROM relation r
      UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, k.oid FROM kind k
      UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, p.oid FROM call p
    ) r ON a.classid = r.class AND a.objid = r.oid WHERE a.deptype = 'e'::pg_catalog."char\"""",
    "a.classid, a.objid, a.refobjid",
    "pg_catalog.pg_extension a",
    "a.oid, a.xmin",
    "space a",
    "a.oid, a.nspname",
)
"""In pairs: rows, and what of each of them counts."""


def _digest() -> str:
    rows = []
    for number, (source, values) in enumerate(zip(_PARTS[::2], _PARTS[1::2], strict=True)):
        rows.append(
            "SELECT pg_catalog.hashtextextended(pg_catalog.concat_ws('|'::pg_catalog.text,"
            f" {values}), {number}) AS h FROM {source}"
        )
    every = "\n  UNION ALL ".join(rows)
    return _exact(
        "SELECT pg_catalog.concat_ws(':'::pg_catalog.text, pg_catalog.count(*), pg_catalog.sum(d.h)"
        f")\n  FROM ({every}) d"
    )


_DIGEST = _digest()

_ASKED = _exact("""\
SELECT (SELECT pg_catalog.string_agg(v.version_num::pg_catalog.text, E'\\n') FROM @name@ v),
  NOT pg_catalog.pg_is_in_recovery()
    AND pg_catalog.current_setting('transaction_read_only') = 'off'::pg_catalog.text
    AND NOT EXISTS (SELECT FROM relation r WHERE NOT
      pg_catalog.has_schema_privilege(r.relnamespace, 'USAGE')),
  pg_catalog.pg_has_role(h.relowner, 'USAGE'),
  c.description, pg_catalog.concat_ws(' '::pg_catalog.text,
    pg_catalog.current_setting('server_version_num'), s.system_identifier, b.oid),
  c.xmin::pg_catalog.text,
  (@digest@),
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(E'\\t'::pg_catalog.text, n.schema,
          o.relname::pg_catalog.text), E'\\n')
     FROM pg_catalog.pg_class o JOIN space n ON n.oid = o.relnamespace
    WHERE o.relkind = ANY ('{r,p,f,v,m}'::pg_catalog."char"[]) AND NOT o.relispartition
      AND o.relname <> @table@::pg_catalog.name
      AND NOT EXISTS (SELECT FROM relation r WHERE r.oid = o.oid)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend m WHERE m.objid = o.oid
        AND m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        AND m.deptype = 'e'::pg_catalog."char")),
  EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE @locked@)
  FROM home h JOIN pg_catalog.pg_database b ON b.datname = pg_catalog.current_database()
  CROSS JOIN pg_catalog.pg_control_system() s
  LEFT JOIN pg_catalog.pg_description c ON c.objoid = h.oid
    AND c.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
    AND c.objsubid = 0""").replace("@digest@", _DIGEST)


_LEAVES = _exact("""\
SELECT pg_catalog.count(*) FROM (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, r.oid FROM relation r
  UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, i.indexrelid
    FROM relation r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
  UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid, a.oid
    FROM relation r JOIN pg_catalog.pg_attrdef a ON a.adrelid = r.oid
  UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, a.oid
    FROM relation r JOIN pg_catalog.pg_constraint a ON a.conrelid = r.oid
  UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, a.oid
    FROM kind r JOIN pg_catalog.pg_constraint a ON a.contypid = r.oid
  UNION ALL SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid, a.oid
    FROM relation r JOIN pg_catalog.pg_rewrite a ON a.ev_class = r.oid
  UNION ALL SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid, a.oid
    FROM relation r JOIN pg_catalog.pg_trigger a ON a.tgrelid = r.oid AND NOT a.tgisinternal
  UNION ALL SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass::pg_catalog.oid, a.oid
    FROM relation r JOIN pg_catalog.pg_policy a ON a.polrelid = r.oid
  UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass::pg_catalog.oid, a.oid
    FROM relation r JOIN pg_catalog.pg_statistic_ext a ON a.stxrelid = r.oid
  UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, k.oid FROM kind k
  UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, p.oid FROM call p
  ) o JOIN pg_catalog.pg_depend d ON d.classid = o.class AND d.objid = o.oid
 WHERE d.refobjid >= '16384'::pg_catalog.oid AND d.deptype <> 'e'::pg_catalog."char"
   AND d.refclassid <> 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
   AND NOT EXISTS (SELECT FROM relation r WHERE r.oid = d.refobjid OR r.reltype = d.refobjid)
   AND NOT EXISTS (SELECT FROM relation r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
                    WHERE i.indexrelid = d.refobjid)
   AND NOT EXISTS (SELECT FROM relation r JOIN pg_catalog.pg_constraint c ON c.conrelid = r.oid
                    WHERE c.oid = d.refobjid)
   AND NOT EXISTS (SELECT FROM relation r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid
                    WHERE t.oid = d.refobjid)
   AND NOT EXISTS (SELECT FROM kind k WHERE k.oid = d.refobjid)
   AND NOT EXISTS (SELECT FROM kind k JOIN pg_catalog.pg_type t ON t.typarray = d.refobjid
                    WHERE t.oid = k.oid)
   AND NOT EXISTS (SELECT FROM relation r JOIN pg_catalog.pg_type t ON t.oid = r.reltype
                    WHERE t.typarray = d.refobjid)
   AND NOT EXISTS (SELECT FROM call p WHERE p.oid = d.refobjid)
   AND NOT EXISTS (SELECT FROM owned w WHERE w.objid = d.refobjid)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend m WHERE m.classid = d.refclassid
                    AND m.objid = d.refobjid AND m.deptype = 'e'::pg_catalog."char")""")


def question(version_table: str, objects: "Iterable[tuple[str, str]]") -> str:
    """The message that asks all of it; its one row has the fields of Answer, as text or boolean.

    For an autocommit connection. `objects` are schemas, empty for that of the version table, and
    names. Fails where the version table is not one that may be read.
    """
    pins = "".join(f", pg_catalog.set_config('{n}', '{value}', true)" for n, value in _PINS)
    asked = _filled(f"{_SCOPE}\n{_ASKED}", version_table, objects)
    return f"{_filled(_PIN, version_table)}{pins}; {asked}"


def leaving(version_table: str, objects: "Iterable[tuple[str, str]]") -> str:
    """The message that counts what the objects refer to outside of their names.

    A definition shows the name of what it refers to, and the number does not stand for that.
    """
    leaves = f"{_SCOPE}\n{_LEAVES}"
    return f"{_filled(_PIN, version_table)}; {_filled(leaves, version_table, objects)}"


def _filled(
    sql: str, version_table: str, objects: "Iterable[tuple[str, str]]" = ()
) -> str:
    """The template with its names; what has been put in is not looked at again."""
    every = list(objects)
    quoted = '"' + version_table.replace('"', '""') + '"'
    values = {
        "schemas": array(schema for schema, _ in every),
        "names": array(name for _, name in every),
        "table": literal(version_table),
        "place": literal(quoted),
        "name": quoted,
        "locked": held_condition(RUN_LOCK_KEY),
    }
    parts = sql.split("@")
    return "".join(values[part] if at % 2 else part for at, part in enumerate(parts))
