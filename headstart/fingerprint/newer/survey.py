"""What to read for the comparison with a newer schema, and what no line says. Pure text.

The names of the image's objects are not enough: a table that it does not know may be a part of one
that it knows, or refer to it. All other schemas of the database are left alone, however many.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from headstart.facts.literals import literal
from headstart.fingerprint.catalog.names import escaped, qualified, quoted, split_name
from headstart.fingerprint.newer.schema import Surroundings
from headstart.values import dataclass

_SQL = """\
WITH RECURSIVE wanted (schema, name) AS (@wanted@),
space AS MATERIALIZED (
  SELECT n.oid, n.nspname, CASE n.nspname WHEN @target@ THEN '' ELSE n.nspname::text END AS schema,
         n.nspname = @target@ OR n.nspname IN (SELECT o.rolname FROM pg_catalog.pg_roles o) AS whole
    FROM pg_catalog.pg_namespace n
   WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
related (oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
   WHERE (n.schema, c.relname::text) IN (SELECT w.schema, w.name FROM wanted w)
   UNION
  SELECT x.oid FROM related r, LATERAL (
    SELECT k.conrelid FROM pg_catalog.pg_constraint k
     WHERE k.contype = 'f' AND k.confrelid = r.oid
     UNION ALL
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.oid) AS x (oid)),
member AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'),
function AS MATERIALIZED (
  SELECT p.*, n.schema FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
   WHERE (n.whole OR (n.schema, p.proname::text) IN (SELECT w.schema, w.name FROM wanted w)
          OR p.oid IN (SELECT g.tgfoid FROM pg_catalog.pg_trigger g
                        WHERE g.tgrelid IN (SELECT r.oid FROM related r)))
     AND p.oid NOT IN (SELECT m.objid FROM member m
                        WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)),
kind (oid) AS (
  SELECT t.oid FROM pg_catalog.pg_type t JOIN space n ON n.oid = t.typnamespace WHERE n.whole
   UNION
  SELECT a.atttypid FROM pg_catalog.pg_attribute a
   WHERE a.attrelid IN (SELECT r.oid FROM related r)
   UNION
  SELECT x.oid FROM kind k JOIN pg_catalog.pg_type t ON t.oid = k.oid,
         LATERAL (VALUES (t.typelem), (t.typbasetype)) AS x (oid) WHERE x.oid <> 0)
SELECT 'name' AS kind, n.schema AS schema, c.relname::text AS name, NULL::text AS text
  FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
   AND (n.whole OR c.oid IN (SELECT r.oid FROM related r))
UNION ALL
SELECT 'name', n.schema, t.typname::text, NULL
  FROM pg_catalog.pg_type t JOIN space n ON n.oid = t.typnamespace
 WHERE t.typtype IN ('e', 'd', 'r', 'b') AND t.typelem = 0 AND t.oid IN (SELECT k.oid FROM kind k)
UNION ALL
SELECT 'name', f.schema, f.proname::text, NULL FROM function f
UNION ALL
SELECT 'name', n.schema, o.oprname::text, NULL
  FROM pg_catalog.pg_operator o JOIN space n ON n.oid = o.oprnamespace WHERE n.schema = ''
UNION ALL
SELECT 'name', n.schema, o.opcname::text, NULL
  FROM pg_catalog.pg_opclass o JOIN space n ON n.oid = o.opcnamespace WHERE n.schema = ''
UNION ALL
SELECT 'name', n.schema, o.conname::text, NULL
  FROM pg_catalog.pg_conversion o JOIN space n ON n.oid = o.connamespace WHERE n.schema = ''
UNION ALL
SELECT 'name', '', pg_catalog.concat('(', @castsource@, ' AS ', @casttarget@, ')'), NULL
  FROM pg_catalog.pg_cast k WHERE k.oid >= 16384
UNION ALL
SELECT 'name', '', e.extname::text, NULL FROM pg_catalog.pg_extension e
UNION ALL
SELECT 'name', '', e.evtname::text, NULL FROM pg_catalog.pg_event_trigger e
UNION ALL
SELECT 'name', '', p.pubname::text, NULL FROM pg_catalog.pg_publication p
UNION ALL
SELECT 'source', f.schema, f.proname::text,
       pg_catalog.concat_ws(' ', pg_catalog.array_to_string(f.proargnames, ' '), f.prosrc)
  FROM function f
UNION ALL
SELECT 'body', '', pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(
         pg_catalog.convert_to(f.prosrc, 'UTF8')), 'hex'), 16), NULL FROM function f
UNION ALL
SELECT 'builtin', '', f.proname::text, NULL FROM function f
 WHERE f.proname IN (SELECT p.proname FROM pg_catalog.pg_proc p
                      WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace)
UNION ALL
SELECT 'builtin', '', t.typname::text, NULL FROM pg_catalog.pg_type t
 WHERE t.oid IN (SELECT k.oid FROM kind k) AND t.typtype IN ('e', 'd', 'r')
   AND t.typname IN (SELECT p.proname FROM pg_catalog.pg_proc p
                      WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace)
UNION ALL
SELECT 'unpopulated', n.schema, c.relname::text, NULL
  FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND NOT c.relispopulated AND n.whole
UNION ALL
SELECT 'overload', '', f.proname::text, NULL FROM function f
 WHERE f.proname IN (SELECT p.proname FROM pg_catalog.pg_proc p JOIN member m ON m.objid = p.oid
                      WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
UNION ALL
SELECT 'now', '', pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.now()),
                                     'YYYY-MM-DD HH24:MI:SS'), NULL
UNION ALL
SELECT r.kind, '', n.nspname::text, NULL
  FROM space n, (VALUES ('role_schema'), ('name')) AS r (kind)
 WHERE n.nspname IN (SELECT o.rolname FROM pg_catalog.pg_roles o)
UNION ALL
SELECT k.kind, n.schema, c.relname::text, a.attname::text
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid
  JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN space n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid,
       (VALUES ('unusable'), ('ending')) AS k (kind)
 WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND c.oid IN (SELECT r.oid FROM related r)
   AND CASE WHEN s.relkind <> 'S' THEN false
            WHEN k.kind = 'unusable' THEN
              d.deptype = 'a' AND NOT pg_catalog.has_sequence_privilege(s.oid, 'USAGE, UPDATE')
            ELSE a.atttypid <> 'pg_catalog.int2'::pg_catalog.regtype AND s.oid IN (
              SELECT q.seqrelid FROM pg_catalog.pg_sequence q
               WHERE q.seqtypid = 'pg_catalog.int2'::pg_catalog.regtype) END"""


def _as_printed(column: str) -> str:
    """A type as the reading prints it, for which the target schema is in the search_path."""
    return (
        "(SELECT CASE WHEN n.nspname = @target@ THEN pg_catalog.quote_ident(t.typname)"
        " ELSE pg_catalog.format_type(t.oid, NULL) END FROM pg_catalog.pg_type t"
        f" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = k.{column})"
    )


@dataclass(frozen=True)
class Survey:
    """What stands around the image's objects; `names` are what to read, as lines write them."""

    names: frozenset[str]
    around: Surroundings


def survey_statement(names: Iterable[str], target: str) -> str:
    """SQL, for a pinned search_path: rows of (kind, schema, name, text). `target` is a schema."""
    pairs = ", ".join(
        f"({literal(schema)}, {literal(name)})" for schema, name in sorted(map(split_name, names))
    )
    wanted = f"VALUES {pairs}" if pairs else "SELECT ''::text, ''::text WHERE false"
    sql = _SQL
    for column in ("castsource", "casttarget"):
        sql = sql.replace(f"@{column}@", _as_printed(column))
    return sql.replace("@wanted@", wanted).replace("@target@", literal(target))


def survey_of(names: Iterable[str], rows: Iterable[Sequence[str | None]]) -> Survey:
    """What the rows say, beside the names that are known."""
    found: dict[str, set[str]] = {}
    sources: dict[str, str] = {}
    for kind, schema, name, text in rows:
        thing = escaped(qualified(str(schema), str(name)))
        if kind == "source":
            sources[thing] = f"{sources.get(thing, '')} {text}"
        elif kind in {"unusable", "ending"}:
            found.setdefault(str(kind), set()).add(f"{thing}.{escaped(quoted(str(text)))}")
        else:
            whole = kind in {"name", "unpopulated"}
            found.setdefault(str(kind), set()).add(thing if whole else str(name))
    around = Surroundings(
        sources,
        frozenset(found.get("builtin", ())),
        frozenset(found.get("role_schema", ())),
        frozenset(found.get("unusable", ())),
        frozenset(found.get("overload", ())),
        frozenset(found.get("unpopulated", ())),
        frozenset(found.get("body", ())),
        ending=frozenset(found.get("ending", ())),
        now=_moment(found.get("now", ())),
    )
    return Survey(frozenset(names) | found.get("name", set()), around)


def _moment(texts: Iterable[str]) -> datetime | None:
    return next((datetime.fromisoformat(each).replace(tzinfo=UTC) for each in texts), None)
