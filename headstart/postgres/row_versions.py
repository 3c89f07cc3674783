"""What tells that a proven schema is still the same, without reading it again. Pure text.

A row of the catalog that changes gets a new xmin. So one number over the rows of all objects that
count, each by its oid and its xmin, is another one after every change of them; nothing has to be
printed for that. Changes of others do not count, but for the names that a definition shows. A
number that differs says nothing (an ALTER TABLE that sets statistics changes it, too): then the
schema is compared.

The kinds of facts that the number stands for are COVERED: a history with any other kind has none.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

COVERED = frozenset(
    {"table", "view", "matview", "column", "composite", "pk", "unique", "fk", "exclude", "check"}
    | {"index", "trigger", "rule", "statistics", "policy", "sequence", "enum", "domain", "range"}
    | {"function", "extension", "schema"}
)
_OPERATORS = ("=", "<>", ">=", ">", "!~")


def exact(sql: str) -> str:
    """The SQL with each operator named as pg_catalog's."""
    for operator in _OPERATORS:
        sql = sql.replace(f" {operator} ", f" OPERATOR(pg_catalog.{operator}) ")
    return sql


OBJECTS = exact("""\
wanted AS MATERIALIZED (
  SELECT w.schema, w.name::pg_catalog.name AS name FROM ROWS FROM (
    pg_catalog.unnest(@schemas@), pg_catalog.unnest(@names@)) AS w (schema, name)),
home AS MATERIALIZED (
  SELECT c.oid, c.relnamespace, c.relowner FROM pg_catalog.pg_class c
   WHERE c.oid = @home@),
space AS MATERIALIZED (
  SELECT n.oid, n.xmin, n.nspname, CASE WHEN n.oid = h.relnamespace THEN ''
         ELSE n.nspname::pg_catalog.text END AS schema
    FROM pg_catalog.pg_namespace n, home h
   WHERE n.nspname::pg_catalog.text !~ '^pg_'::pg_catalog.text
     AND n.nspname <> 'information_schema'::pg_catalog.name@spaces@),
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
"""The objects by their names; between the marks @ stand what others put in."""

MEMBER = exact("""\
member AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_depend d
      ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
     AND d.refobjid = e.oid AND d.deptype = 'e'::pg_catalog."char")""")
"""What extensions have brought into the database."""

SCOPE = f"WITH {OBJECTS},\n{MEMBER}"

MEMBERS = {
    "pg_type": "typ",
    "pg_proc": "pro",
    "pg_operator": "opr",
    "pg_opclass": "opc",
    "pg_opfamily": "opf",
    "pg_collation": "coll",
    "pg_language": "",
    "pg_ts_config": "cfg",
    "pg_ts_dict": "dict",
    "pg_class": "rel",
}
"""Catalogs of what extensions bring, and a definition may show; a member of another one is what
the number does not stand for. With each, how its columns begin where it has a schema."""


def _members(catalog: str) -> str:
    return (
        f"member e JOIN pg_catalog.{catalog} m ON m.oid = e.objid"
        f" AND e.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass::pg_catalog.oid"
    )


_TRIGGERS = ("relation r JOIN pg_catalog.pg_trigger a ON a.tgrelid = r.oid", "a.oid, a.xmin")
"""Those of foreign keys, too, which may be disabled; of others' that refer to ours as well."""

_OWN_TRIGGERS = (
    (f"{_TRIGGERS[0]} AND NOT a.tgisinternal", "a.oid, a.xmin"),
    (
        (
            "relation r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid"
            " JOIN pg_catalog.pg_trigger a ON a.tgconstraint = k.oid AND a.tgisinternal"
        ),
        "a.oid, a.xmin",
    ),
)
"""Without those of others' foreign keys: each new tenant's may refer to a table of all of them."""

_OWN = (
    # what the normal form reads of a relation; its xmin counts each TRUNCATE and VACUUM FULL
    (
        "relation r",
        (
            "r.oid, r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity,"
            " r.relispartition, r.reloftype, r.relreplident, r.relpartbound, CASE WHEN"
            " r.relkind = ANY ('{v,m}'::pg_catalog.\"char\"[]) THEN r.reloptions END"
        ),
    ),
    (
        (
            "relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid WHERE"
            " a.attnum > 0::pg_catalog.int2"
        ),
        "a.attrelid, a.attnum, a.xmin",
    ),
    (
        "relation r JOIN pg_catalog.pg_attrdef a ON a.adrelid = r.oid",
        "a.oid, a.xmin",
    ),
    (
        "relation r JOIN pg_catalog.pg_constraint a ON a.conrelid = r.oid",
        "a.oid, a.xmin",
    ),
    (
        "kind r JOIN pg_catalog.pg_constraint a ON a.contypid = r.oid",
        "a.oid, a.xmin",
    ),
    (
        (
            "relation r JOIN pg_catalog.pg_index a ON a.indrelid = r.oid JOIN"
            " pg_catalog.pg_class i ON i.oid = a.indexrelid"
        ),
        "a.indexrelid, a.xmin, a.indisvalid, i.relname, i.relispartition, i.reloptions",
    ),
    _TRIGGERS,
    (
        "relation r JOIN pg_catalog.pg_policy a ON a.polrelid = r.oid",
        (
            "a.oid, a.xmin, (SELECT pg_catalog.string_agg(o.rolname::pg_catalog.text, ','"
            " ORDER BY o.rolname) FROM pg_catalog.pg_roles o WHERE o.oid = ANY"
            " (a.polroles))"
        ),
    ),
    (
        "relation r JOIN pg_catalog.pg_rewrite a ON a.ev_class = r.oid",
        "a.oid, a.xmin",
    ),
    (
        "relation r JOIN pg_catalog.pg_statistic_ext a ON a.stxrelid = r.oid",
        "a.oid, a.xmin",
    ),
    (
        "relation r JOIN pg_catalog.pg_sequence a ON a.seqrelid = r.oid",
        "a.seqrelid, a.xmin",
    ),
    (
        "relation r JOIN pg_catalog.pg_inherits a ON a.inhrelid = r.oid",
        "a.inhrelid, a.inhparent, a.xmin",
    ),
    (
        "relation r JOIN pg_catalog.pg_foreign_table a ON a.ftrelid = r.oid",
        "a.ftrelid, a.ftserver, a.xmin",
    ),
    (
        "owned a",
        "a.objid, a.refobjid, a.refobjsubid, a.deptype, a.xmin, a.its, a.relname",
    ),
    (
        "kind a",
        "a.oid, a.xmin",
    ),
    (
        "kind r JOIN pg_catalog.pg_enum a ON a.enumtypid = r.oid",
        "a.oid, a.xmin",
    ),
    (
        "kind r JOIN pg_catalog.pg_range a ON a.rngtypid = r.oid",
        "a.rngtypid, a.xmin",
    ),
    (
        "call a",
        "a.oid, a.xmin",
    ),
    (
        "call r JOIN pg_catalog.pg_aggregate a ON a.aggfnoid::pg_catalog.oid = r.oid",
        "a.aggfnoid::pg_catalog.oid, a.xmin",
    ),
    # an extension's objects do not count, and may come to count
    (
        (
            "pg_catalog.pg_depend a JOIN ( SELECT"
            " 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, r.oid"
            " FROM relation r UNION ALL SELECT"
            " 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, k.oid FROM kind k"
            " UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid,"
            " p.oid FROM call p ) r ON a.classid = r.class AND a.objid = r.oid WHERE"
            " a.deptype = 'e'::pg_catalog.\"char\""
        ),
        "a.classid, a.objid, a.refobjid",
    ),
)
"""Rows of the objects, and what of each of them counts."""

_EXTENSIONS = (
    (
        "pg_catalog.pg_extension a",
        "a.oid, a.xmin",
    ),
    # a definition shows the names of an extension's objects, which can be renamed and moved like
    # all others; of its tables, which can be emptied, it shows no more
    *((_members(catalog), "m.oid, m.xmin") for catalog in MEMBERS if catalog != "pg_class"),
    (_members("pg_class"), "m.oid, m.relname, m.relnamespace"),
    (
        f"{_members('pg_class')} JOIN pg_catalog.pg_attribute a ON a.attrelid = m.oid",
        "a.attrelid, a.attnum, a.attname",
    ),
    (
        f"{_members('pg_type')} JOIN pg_catalog.pg_attribute a ON a.attrelid = m.typrelid",
        "a.attrelid, a.attnum, a.attname",
    ),
    (
        f"{_members('pg_type')} JOIN pg_catalog.pg_enum a ON a.enumtypid = m.oid",
        "a.oid, a.xmin",
    ),
)
"""Those of what extensions have brought, the same for every schema of the database."""

_SPACES = ("space a", "a.oid, a.nspname")

_MEMBERS_SPACES = (
    "pg_catalog.pg_namespace n WHERE n.oid = ANY (ARRAY(SELECT s.oid FROM ("
    + " UNION ".join(
        f"SELECT m.{short}namespace AS oid FROM {_members(catalog)}"
        for catalog, short in MEMBERS.items()
        if short
    )
    + ") s))",
    "n.oid, n.nspname",
)
"""A definition shows the schema of an extension's object, and who wants it need not name it."""

_PARTS = (*_OWN, *_EXTENSIONS, _SPACES, _MEMBERS_SPACES, *_OWN_TRIGGERS)


def _number(parts: "Iterable[tuple[str, str]]") -> str:
    """SQL of a number over parts, each by its place among all of them: a mark outlives a change."""
    rows = []
    for source, values in parts:
        rows.append(
            "SELECT pg_catalog.hashtextextended(pg_catalog.concat_ws('|'::pg_catalog.text,"
            f" {values}), {_PARTS.index((source, values))}) AS h FROM {source}"
        )
    every = "\n  UNION ALL ".join(rows)
    return exact(
        "SELECT pg_catalog.concat_ws(':'::pg_catalog.text, pg_catalog.count(*), pg_catalog.sum(d.h)"
        f")\n  FROM ({every}) d"
    )


NUMBER = _number((*_OWN, *_EXTENSIONS, _SPACES))
"""SQL of the number, as a text, behind SCOPE."""

OWN_NUMBER = _number(
    (*(part for part in _OWN if part != _TRIGGERS), *_OWN_TRIGGERS, _SPACES),
)
"""SQL of the part of it that is a schema's own, behind OBJECTS."""

SHARED_NUMBER = _number((*_EXTENSIONS, _MEMBERS_SPACES))
"""SQL of the part that is the same for every schema of the database, behind MEMBER."""
