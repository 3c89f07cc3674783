"""The question of the gate, and of the run that writes its mark: one message, one row. Pure text.

Every operator is named with its schema, also behind the pin of the search_path: the version table's
schema has to be searched there, and whoever may create in it could else plant an operator that fits
better than one of pg_catalog's. The message is one transaction of the simple protocol.
"""

from headstart.facts.literals import array, literal
from headstart.postgres.advisory_lock import RUN_LOCK_KEY, held_condition
from headstart.postgres.row_versions import MEMBERS, NUMBER, SCOPE, exact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LOCK_MILLISECONDS = 50
"""For somebody who has locked the version table: a run that is at work, nearly always."""

SECONDS = 2.0
"""For whoever has something better to do than to wait for the answer."""

_PINS = (("lock_timeout", str(LOCK_MILLISECONDS)), ("jit", "off"))

_PIN = exact("""\
SELECT pg_catalog.set_config('search_path', CASE WHEN EXISTS (
  SELECT FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
   WHERE c.relname = @table@::pg_catalog.name AND n.nspname = pg_catalog.current_schema()
     AND c.relkind = 'r'::pg_catalog."char" AND NOT c.relrowsecurity AND NOT c.relhasrules
     AND NOT c.relhastriggers
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid)
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

_ASKED = exact("""\
SELECT (SELECT pg_catalog.string_agg(coalesce(pg_catalog.translate(
    v.version_num::pg_catalog.text, E'\\n', E'\\t'), E'\\t'), E'\\n') FROM @name@ v),
  NOT pg_catalog.pg_is_in_recovery()
    AND pg_catalog.current_setting('transaction_read_only') = 'off'::pg_catalog.text
    AND NOT EXISTS (SELECT FROM relation r WHERE NOT
      pg_catalog.has_schema_privilege(r.relnamespace, 'USAGE'))
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_index x
      WHERE NOT (x.indisvalid AND x.indisready AND x.indislive))
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i
      WHERE pg_catalog.right(i::pg_catalog.text, 3) = ',t)'::pg_catalog.text),
  pg_catalog.pg_has_role(h.relowner, 'USAGE'),
  c.description, pg_catalog.concat_ws(' '::pg_catalog.text,
    pg_catalog.current_setting('server_version_num'), s.system_identifier, b.oid,
    (SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolname = current_user)),
  c.xmin::pg_catalog.text,
  (@number@),
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
    AND c.objsubid = 0""").replace("@number@", NUMBER)
# An INVALID index or a partition that is half detached, whoever's it is: partitions of our tables
# that no revision has made count for the flow, and have no name here. Of pg_inherits the last
# column tells, which PostgreSQL 13 does not have. A row of the version table that is NULL, or has a
# line break, is no revision's, nor two: no revision has a tab.


# IS TRUE: else a planner without statistics reads all of pg_depend by what is referred to
LEAVES = exact("""\
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
 WHERE (d.refobjid >= '16384'::pg_catalog.oid) IS TRUE AND d.deptype <> 'e'::pg_catalog."char"
   AND NOT (d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
            AND EXISTS (SELECT FROM space s WHERE s.oid = d.refobjid))
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
                    AND m.objid = d.refobjid AND m.deptype = 'e'::pg_catalog."char"
                    AND m.classid = ANY (ARRAY[@members@]))""").replace(
    "@members@",
    ", ".join(f"'pg_catalog.{each}'::pg_catalog.regclass::pg_catalog.oid" for each in MEMBERS),
)


def question(
    version_table: str, objects: "Iterable[tuple[str, str]]", seconds: float = SECONDS
) -> str:
    """The message that asks all of it; its one row has the fields of Answer, as text or boolean.

    For an autocommit connection; it takes no longer than these seconds. `objects` are schemas,
    empty for that of the version table, and names. Fails where the version table is not one that
    may be read.
    """
    settings = (*_PINS, ("statement_timeout", f"{seconds * 1000:.0f}"))
    pins = "".join(f", pg_catalog.set_config('{n}', '{value}', true)" for n, value in settings)
    asked = _filled(f"{SCOPE}\n{_ASKED}", version_table, objects)
    return f"{_filled(_PIN, version_table)}{pins}; {asked}"


def leaving(version_table: str, objects: "Iterable[tuple[str, str]]") -> str:
    """The message that counts what the objects refer to outside of their names.

    A definition shows the name of what it refers to, and the number does not stand for that.
    """
    leaves = f"{SCOPE}\n{LEAVES}"
    return f"{_filled(_PIN, version_table)}; {_filled(leaves, version_table, objects)}"


def _filled(sql: str, version_table: str, objects: "Iterable[tuple[str, str]]" = ()) -> str:
    """The template with its names."""
    every = list(objects)
    quoted = '"' + version_table.replace('"', '""') + '"'
    return filled(
        sql,
        {
            "schemas": array(schema for schema, _ in every),
            "names": array(name for _, name in every),
            "table": literal(version_table),
            "home": f"{literal(quoted)}::pg_catalog.regclass",
            "spaces": "",
            "name": quoted,
            "locked": held_condition(RUN_LOCK_KEY),
        },
    )


def filled(sql: str, values: "Mapping[str, str]") -> str:
    """The template with its values; what has been put in is not looked at again."""
    parts = sql.split("@")
    return "".join(values[part] if at % 2 else part for at, part in enumerate(parts))
