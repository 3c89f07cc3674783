"""The one query that reads a schema from the catalog, with what it pins before. Pure text.

Every function, table and type is named with pg_catalog, and nothing of the database's own is
executed. Rows are (kind, schema, object, name, a, b, c, d): eight texts, any of the last five NULL;
normal_form.py knows what they mean for each kind. `schema` is empty for the target schema.
"""

from collections.abc import Iterable, Iterator

from headstart.facts.literals import literal
from headstart.facts.state import Scope
from headstart.fingerprint.catalog.catalog_rows import ROWS
from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.catalog.one_of_many import look_up, narrowed
from headstart.fingerprint.catalog.rare_rows import RARE, SINCE
from headstart.patterns import pattern
from headstart.values import dataclass

LOCK_TIMEOUT = "2s"
"""How long pg_get_expr may wait for a table that somebody holds exclusively."""

_PINS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "row_security": "off",
    "jit": "off",
    # the planner knows nothing of the CTEs: nested loops over them were quadratic
    "enable_nestloop": "off",
    "enable_hashjoin": "on",
    "lock_timeout": LOCK_TIMEOUT,
    "statement_timeout": "60s",
}
"""No setting of a role or a database may change what is printed, or how long that takes."""


@dataclass(frozen=True)
class Reading:
    """What to read: the target schema (None: the connection's), and which names count (None: all).

    `names` are names of objects, as lines write them; `kinds` are those of rare_rows.py that count
    (None: all). The version table is never read. `beside_others`: what is in the schemas of other
    targets is not told either, which would be all of the database for each of thousands.
    """

    schema: str | None
    version_table: str
    version_schema: str | None = None
    names: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    beside_others: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether a small part of the database is read, whose names are known."""
        return self.beside_others and self.names is not None


def reading_of(
    scope: Scope, names: frozenset[str] | None = None, kinds: frozenset[str] | None = None
) -> Reading:
    """What to read in the schema of the revisions."""
    return Reading(
        scope.schema,
        scope.version_table,
        scope.version_schema,
        names,
        kinds,
        scope.beside_others,
    )


def statements(reading: Reading, server_version: int) -> tuple[str, ...]:
    """What to execute in a transaction, in this order; the last one gives the rows.

    `server_version` is libpq's number: 130011 is 13.11.
    """
    schema = literal(reading.schema) if reading.schema else "pg_catalog.current_schema()"
    # current_schema() must be asked before the search_path is pinned
    first = f"pg_catalog.set_config('headstart.schema', coalesce({schema}, ''), true)"
    # by its indexes, where the query says how little of a catalog it needs
    scans = {"enable_seqscan": "off" if reading.is_narrow else "on"}
    pins = ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', true)"
        for name, value in (_PINS | scans).items()
    )
    # PostgreSQL takes a public.=(oid, integer) before one of pg_catalog's that fits less exactly:
    # the statements are parsed with pg_catalog alone, and what they print is made with the target
    safe = "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"
    found = look_up(reading.names or ()) if reading.is_narrow else ()
    select = _select(reading, server_version)
    return f"SELECT {first}, {pins}, {safe}", _PRINTING_PATH, *found, select


_PRINTING_PATH = """\
SELECT pg_catalog.set_config('headstart.path', pg_catalog.concat_ws(', ', 'pg_catalog',
  pg_catalog.quote_ident(nullif(pg_catalog.current_setting('headstart.schema'), '')),
  (SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ')
     FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE n.nspname <> 'pg_catalog'), 'pg_temp'), true)"""


def _select(reading: Reading, server_version: int) -> str:
    version = f"c.relname = {literal(reading.version_table)}"
    if reading.version_schema:
        version += f" AND n.nspname = {literal(reading.version_schema)}"
    names, narrow = reading.names or (), reading.is_narrow
    scoped = reading.names is not None
    parts = {
        "@wanted@": _wanted(names),
        "@version@": version,
        "@named_relation@": _in_scope("n.schema", "c.relname", scoped),
        "@named_type@": _in_scope("n.schema", "t.typname", scoped),
        "@named_function@": _in_scope("n.schema", "p.proname", scoped),
        "@named_extension@": _in_scope("''", "e.extname", scoped),
        "@named_schema@": _in_scope("''", "n.nspname", scoped),
        "@other@": f"NOT {_in_scope('n.schema', 'c.relname', scoped)}"
        + (_WITHIN if reading.beside_others else ""),
        **_by_version(server_version),
    }
    rows = "\nUNION ALL\n".join([ROWS, *_rare(reading.kinds, server_version)])
    sql = narrowed(rows, narrow=narrow)
    for mark, text in parts.items():
        sql = sql.replace(mark, text)
    return _NAMED.sub(lambda found: _in_scope(found[1], found[2], scoped), sql)


_WITHIN = " AND (n.schema = '' OR n.schema IN (SELECT w.schema FROM wanted w))"
_NAMED = pattern(r"@named\(([^,]+), ([^)]+)\)@")


def _rare(kinds: frozenset[str] | None, server_version: int) -> Iterator[str]:
    """The SELECTs for rare objects: those of which the file has any, or all."""
    for kind, select in RARE.items():
        if (kinds is None or kind in kinds) and SINCE.get(kind, 0) <= server_version:
            yield select


def _by_version(server_version: int) -> dict[str, str]:
    """What older servers do not have, and what would be there then."""
    locale = {17: "l.colllocale", 15: "l.colliculocale"}

    def since(version: int, text: str, otherwise: str = "NULL") -> str:
        return text if server_version >= version * 10_000 else otherwise

    own_locale = since(17, locale[17], since(15, locale[15]))
    return {
        "@body@": since(14, "pg_catalog.pg_get_function_sqlbody(p.oid)"),
        "@detaching@": since(14, "i.inhdetachpending", "false"),
        "@measured@": since(
            14, "pg_catalog.to_json(pg_catalog.pg_get_statisticsobjdef_expressions(s.oid))::text"
        ),
        "@collation_locale@": f"coalesce({own_locale}, l.collcollate::text)",
        "@collation_rules@": since(16, "l.collicurules"),
        "@published_columns@": since(15, "m.prattrs", "'{}'::pg_catalog.int2[]"),
        "@published_rows@": since(15, "pg_catalog.pg_get_expr(m.prqual, m.prrelid)"),
        "@published_generated@": since(
            18, "CASE WHEN p.pubgencols = 's' THEN 'generated columns' END"
        ),
    }


def _wanted(names: Iterable[str]) -> str:
    pairs = sorted({split_name(name) for name in names})
    schemas, objects = ([literal(pair[place]) for pair in pairs] for place in (0, 1))
    return (
        f"SELECT * FROM ROWS FROM (pg_catalog.unnest(ARRAY[{', '.join(schemas)}]::text[]),"
        f" pg_catalog.unnest(ARRAY[{', '.join(objects)}]::text[])) AS w (schema, name)"
    )


def _in_scope(schema: str, name: str, scoped: bool) -> str:
    return (
        f"({schema}, {name}::text) IN (SELECT w.schema, w.name FROM wanted w)" if scoped else "true"
    )
