"""Read facts from the database: the version rows, our tables, what the role may do.

Reads the catalog and the version table only, in read-only transactions, and writes nothing.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from headstart.facts.literals import array, literal
from headstart.facts.state import DatabaseFacts, OurTables, Scope, TableName
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.lock_holder import holds_condition
from headstart.postgres.read_failure import named_failures
from headstart.postgres.reader import Reader
from headstart.postgres.target import Target
from headstart.postgres.version_holder import naming_holder
from headstart.postgres.version_table import read_version_table
from headstart.verdict.errors import AccessRefused, Blocked

BEGIN_READING = (
    "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE;"
    " SET LOCAL lock_timeout = '2s'"
)
"""A role's default may be serializable, which waits for others and which no standby can do.

Nor does a read wait for who has locked the version table: whoever asks has limits of its own.
"""


def inspect_database(
    connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]
) -> DatabaseFacts:
    """Read the facts in one read-only transaction.

    `our_tables` is asked only if there are tables but no version row. Raises AccessRefused
    where the role may not read, Blocked where the version table is locked, and ConnectionLost.
    """
    try:
        with named_failures():
            connection.execute(BEGIN_READING, pin=False)
            facts = _read(connection, _pinned(connection, scope), our_tables)
            connection.execute("COMMIT")
    except Blocked as error:
        if not isinstance(connection, Connection):  # env.py's own is in a transaction of its own
            raise
        with named_failures():
            connection.execute("ROLLBACK")
        raise naming_holder(error, connection, BEGIN_READING, scope) from None
    return facts


def read_our_tables(
    connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]
) -> frozenset[str]:
    """Those of our tables that are there, as "schema.name", and our materialized views.

    Raises as inspect_database does.
    """
    with named_failures():
        connection.execute(BEGIN_READING, pin=False)
        pinned, ours = _pinned(connection, scope), our_tables()
        ours = replace(ours, names=ours.names | ours.views)
        named, _ = _read_named_tables(connection, pinned, ours.names, _WITH_INDEXES)
        touched, _ = _read_named_tables(connection, pinned, ours.touched, _WITH_INDEXES)
        every = _any_table(connection, pinned, ours)
        connection.execute("COMMIT")
    return _dotted(named | touched | every)


def run_in_progress(connection: Connection, target: Target | None) -> bool:
    """Whether some run is at work in this database, or on this target of it.

    Raises as inspect_database does.
    """
    held = f"SELECT FROM pg_catalog.pg_locks l WHERE {holds_condition(target)}"
    with named_failures():
        in_progress = connection.execute(f"{BEGIN_READING}; SELECT EXISTS ({held})")[0][0]
        connection.execute("COMMIT")
        return bool(in_progress)


def kept_transactions(connection: Connection, transactions: Collection[int]) -> frozenset[int]:
    """Those of these transactions, by their numbers on the server, that were committed."""
    if not transactions:
        return frozenset()
    statuses = ", ".join(f"pg_catalog.txid_status({each})" for each in transactions)
    with named_failures():
        row = connection.execute(f"SELECT {statuses}")[0]
    kept = zip(transactions, row, strict=True)
    return frozenset(each for each, status in kept if status == "committed")


def cancel_backend(connection: Connection, application_name: str, process: int) -> None:
    """Cancel the statement of a backend of ours; a pooler may have lent it to others by now."""
    with named_failures():
        connection.execute(
            "SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity a"
            f" WHERE a.pid = {process} AND a.application_name = {literal(application_name)}"
        )


def _read(connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]) -> DatabaseFacts:
    schema, role, may_create = _read_target(connection, scope)
    rows, column = read_version_table(connection, scope)
    if rows or not has_tables(connection, scope):
        return DatabaseFacts(rows, schema, role, may_create, version_column=column)
    ours = our_tables()
    named, missing = _read_named_tables(connection, scope, ours.names, _IN_OUR_PLACE)
    touched, _ = _read_named_tables(connection, scope, ours.touched, _IN_OUR_PLACE)
    every = touched | _any_table(connection, scope, ours)
    doubts, present = () if named else ours.doubts, _described(named | every)
    facts = DatabaseFacts(rows, schema, role, may_create, present, _dotted(missing), doubts)
    only_touched = bool(every and ours.names and not (named or ours.doubts))
    return replace(facts, only_touched=only_touched, version_column=column)


def _pinned(connection: Reader, scope: Scope) -> Scope:
    """Ask what the connection's own settings say, then let no name of the database's own count.

    With a search_path of "public, pg_catalog" somebody's public.= would be executed.
    """
    schema, path, _ = connection.execute(
        "SELECT pg_catalog.current_schema(), pg_catalog.current_schemas(false)::pg_catalog.text[],"
        " pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)",
        pin=False,
    )[0]
    if scope.schema is None and schema is None:
        raise AccessRefused(
            "no schema of the search_path exists, or the role lacks USAGE on all of them",
            sqlstate="3F000",
            next_step="create the schema, or GRANT USAGE ON SCHEMA ... to this role",
        )
    names = tuple(str(name) for name in path) if isinstance(path, list) else ()
    return replace(
        scope, schema=scope.schema or str(schema), search_path=scope.search_path or names
    )


def _read_target(connection: Reader, scope: Scope) -> tuple[str, str, bool]:
    schema = literal(str(scope.schema))
    role = literal(scope.role) if scope.role else "current_user"
    rows = connection.execute(
        f"SELECT n.nspname, {role}::text, pg_catalog.has_schema_privilege({role}, n.oid, 'CREATE')"
        f" FROM pg_catalog.pg_namespace n WHERE n.nspname = {schema}"
    )
    if not rows:
        return str(scope.schema), scope.role or "", True  # env.py creates it in its own transaction
    return str(rows[0][0]), str(rows[0][1]), bool(rows[0][2])


_TABLES = "c.relkind IN ('r', 'p', 'f')"
"""Ordinary, partitioned and foreign ones."""
_WITH_INDEXES = "c.relkind IN ('r', 'p', 'f', 'm')"
"""A materialized view has indexes, but no rows that are lost with it."""
_IN_OUR_PLACE = "c.relkind <> 't'"
"""Whatever has the name of a table of ours, of kinds yet to come too: a view takes our statements
in its place, and anything else makes CREATE TABLE fail, or IF NOT EXISTS skip it.
"""
_NO_INDEXES = "c.relkind NOT IN ('i', 'I', 't')"
"""There is none without its table; the version table has one, too."""
_OF_ANYBODY = "c.relkind NOT IN ('i', 'I', 't', 'S', 'c')"
"""What may have rows, or hand an UPDATE on to the table behind it, as a view does."""
_KINDS = {
    "v": " (a view)",
    "m": " (a materialized view)",
    "S": " (a sequence)",
    "c": " (a composite type)",
    "i": " (an index)",
    "I": " (an index)",
}
"""How a relation is called that is no table."""


Relations = dict[tuple[str, str], str]
"""By schema and name, the kind of each."""


def _relations(kinds: str) -> str:
    return (
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE {kinds}"
    )


def has_tables(connection: Reader, scope: Scope) -> bool:
    """Whether there is any table at all, or what may stand in the place of one of ours.

    But for one of the version table's name. A new database, with an extension's views at most,
    spares us the look into every script. Raises psycopg2.Error, TimeoutError.
    """
    rows = connection.execute(
        f"SELECT EXISTS (SELECT {_relations(_NO_INDEXES)}"
        f" AND c.relname <> {literal(scope.version_table)}"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        f" AND ({_TABLES} OR NOT {_of_extension('c', 'class')}))"
    )
    return bool(rows[0][0])


def limits_of_login(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Those of these settings that the URL's or PGOPTIONS' `options` set for each connection.

    Raises psycopg2.Error and TimeoutError.
    """
    rows = connection.execute(
        "SELECT s.name FROM pg_catalog.pg_settings s"
        f" WHERE s.source = 'client' AND s.name = ANY ({array(names)})"
    )
    return frozenset(str(name) for (name,) in rows)


def _read_named_tables(
    connection: Reader, scope: Scope, tables: frozenset[TableName], kinds: str
) -> tuple[Relations, set[tuple[str, str]]]:
    """Those that are there, and those that are not."""
    wanted = {(schema, name) for schema, name in tables if name != scope.version_table}
    if not wanted:
        return {}, set()
    names = ", ".join(literal(name) for name in sorted({name for _, name in wanted}))
    near = [str(scope.schema), *scope.search_path]
    nearby = f" AND n.nspname = ANY ({array(near)}::name[])" if scope.beside_others else ""
    rows = connection.execute(
        "SELECT n.nspname, c.relname, c.relkind::text,"
        f" n.nspname::text = ANY ({array(scope.search_path)})"
        f" {_relations(kinds)} AND c.relname IN ({names}){nearby}",
        timeout_seconds=READ_SECONDS,
    )
    existing = {(str(where), str(name)): str(kind) for where, name, kind, _ in rows}
    visible = {str(name): (str(where), str(name)) for where, name, _, seen in rows if seen}
    places = {
        (schema, name) if schema else visible.get(name, (str(scope.schema), name))
        for schema, name in wanted
    }
    if scope.beside_others:  # what several targets share was made for another one, or by hand
        places = {place for place in places if place[0] == scope.schema}
    present = {place: existing[place] for place in places & existing.keys()}
    return present, places - existing.keys()


def _any_table(connection: Reader, scope: Scope, ours: OurTables) -> Relations:
    """Where a name is not known, every table that is no extension's: none is called foreign."""
    if ours.names and not ours.doubts:
        return {}
    schema = str(scope.schema)
    schemas = {schema, scope.version_schema or schema, *(s for s, _ in ours.names if s)}
    if scope.beside_others:
        schemas = {schema}
    names = ", ".join(literal(each) for each in sorted(schemas))
    elsewhere = _ELSEWHERE if ours.anywhere and not scope.beside_others else ""
    rows = connection.execute(
        f"SELECT n.nspname, c.relname, c.relkind::text {_relations(_OF_ANYBODY)}"
        f" AND (n.nspname IN ({names}){elsewhere})"
        f" AND c.relname <> {literal(scope.version_table)} AND NOT {_of_extension('c', 'class')}",
        timeout_seconds=READ_SECONDS,
    )
    return {(str(where), str(name)): str(kind) for where, name, kind in rows}


def _of_extension(alias: str, catalog: str) -> str:
    return (
        f"EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = {alias}.oid"
        f" AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_{catalog}'::pg_catalog.regclass)"
    )


_ELSEWHERE = (
    " OR NOT pg_catalog.starts_with(n.nspname::text, 'pg_') AND n.nspname <> 'information_schema'"
    f" AND NOT {_of_extension('n', 'namespace')}"
)
"""Any schema that a script can make or find: not the server's, nor an extension's."""


def _described(relations: Relations) -> frozenset[str]:
    """Those that are no tables say what they are."""
    return frozenset(f"{s}.{name}{_KINDS.get(kind, '')}" for (s, name), kind in relations.items())


def _dotted(tables: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(f"{schema}.{name}" for schema, name in tables)
