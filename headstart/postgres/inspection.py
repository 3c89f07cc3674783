"""Read facts from the database: the version rows, our tables, what the role may do.

Reads the catalog and the version table only, in read-only transactions, and writes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from headstart.facts.sql import array, literal
from headstart.facts.state import DatabaseFacts, OurTables, Scope
from headstart.postgres.advisory_lock import RUN_LOCK_KEY, held_condition
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.read_failure import named_failures
from headstart.postgres.reader import Reader
from headstart.postgres.version_table import read_version_table
from headstart.verdict.errors import AccessRefused

BEGIN_READING = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE"
"""A role's default may be serializable, which waits for others and which no standby can do."""


def inspect_database(
    connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]
) -> DatabaseFacts:
    """Read the facts in one read-only transaction.

    `our_tables` is asked only if there are tables but no version row. Raises AccessRefused
    where the role may not read, and ConnectionLost.
    """
    with named_failures():
        connection.execute(BEGIN_READING)
        facts = _read(connection, _pinned(connection, scope), our_tables)
        connection.execute("COMMIT")
    return facts


def read_our_tables(
    connection: Reader, scope: Scope, our_tables: Callable[[], OurTables]
) -> frozenset[str]:
    """Those of our tables that are there, as "schema.name", and our materialized views.

    Raises as inspect_database does.
    """
    with named_failures():
        connection.execute(BEGIN_READING)
        pinned, ours = _pinned(connection, scope), our_tables()
        ours = replace(ours, names=ours.names | ours.views)
        (named, every), _ = _read_our_tables(connection, pinned, str(pinned.schema), ours, "rpfm")
        connection.execute("COMMIT")
    return named | every


def run_in_progress(connection: Connection) -> bool:
    """Whether some run holds the run lock of this database. Raises as inspect_database does."""
    held = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(RUN_LOCK_KEY)}"
    with named_failures():
        in_progress = connection.execute(f"{BEGIN_READING}; SELECT EXISTS ({held})")[0][0]
        connection.execute("COMMIT")
        return bool(in_progress)


def transaction_kept(connection: Connection, transaction: int) -> bool:
    """Whether a transaction, by its number on the server, was committed."""
    with named_failures():
        rows = connection.execute(f"SELECT pg_catalog.txid_status({transaction})")
    return rows[0][0] == "committed"


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
    (named, every), missing = _read_our_tables(connection, scope, schema, ours)
    doubts = () if named else ours.doubts
    facts = DatabaseFacts(rows, schema, role, may_create, named | every, missing, doubts)
    only_touched = bool(every and ours.names and not named | set(ours.doubts))
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


_TABLES = "rpf"
"""Ordinary, partitioned and foreign ones. A materialized view ("m") has indexes, but no rows that
are lost with it.
"""


def _relations(kinds: str) -> str:
    kind = ", ".join(map(literal, kinds))
    return (
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ({kind})"
    )


def has_tables(connection: Reader, scope: Scope) -> bool:
    """Whether there is any table at all, but for one of the version table's name.

    A new database spares us the look into every script. Raises psycopg2.Error, TimeoutError.
    """
    rows = connection.execute(
        f"SELECT EXISTS (SELECT {_relations(_TABLES)}"
        f" AND c.relname <> {literal(scope.version_table)}"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema'))"
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


def _read_our_tables(
    connection: Reader, scope: Scope, schema: str, ours: OurTables, kinds: str = _TABLES
) -> tuple[tuple[frozenset[str], frozenset[str]], frozenset[str]]:
    """Those that are there, by their names and because they may be ours, and those that are not."""
    named, missing = _read_named_tables(connection, scope, schema, ours, kinds)
    changed = replace(ours, names=ours.touched)
    touched, _ = _read_named_tables(connection, scope, schema, changed, kinds)
    return (named, touched | _any_table(connection, scope, schema, ours, kinds)), missing


def _read_named_tables(
    connection: Reader, scope: Scope, schema: str, ours: OurTables, kinds: str
) -> tuple[frozenset[str], frozenset[str]]:
    wanted = {
        (named_schema, name) for named_schema, name in ours.names if name != scope.version_table
    }
    if not wanted:
        return frozenset(), frozenset()
    names = ", ".join(literal(name) for name in sorted({name for _, name in wanted}))
    rows = connection.execute(
        f"SELECT n.nspname, c.relname, n.nspname::text = ANY ({array(scope.search_path)})"
        f" {_relations(kinds)} AND c.relname IN ({names})",
        timeout_seconds=READ_SECONDS,
    )
    existing = {(str(named_schema), str(name)) for named_schema, name, _ in rows}
    visible = {
        str(name): (str(named_schema), str(name)) for named_schema, name, seen in rows if seen
    }
    present: set[tuple[str, str]] = set()
    missing: set[tuple[str, str]] = set()
    for named_schema, name in wanted:
        place = (named_schema, name) if named_schema else visible.get(name, (schema, name))
        (present if place in existing else missing).add(place)
    return _dotted(present), _dotted(missing)


def _any_table(
    connection: Reader, scope: Scope, schema: str, ours: OurTables, kinds: str
) -> frozenset[str]:
    """Where a name is not known, every table that is no extension's: none is called foreign."""
    if ours.names and not ours.doubts:
        return frozenset()
    schemas = {schema, scope.version_schema or schema, *(s for s, _ in ours.names if s)}
    names = ", ".join(literal(each) for each in sorted(schemas))
    rows = connection.execute(
        f"SELECT n.nspname, c.relname {_relations(kinds)}"
        f" AND (n.nspname IN ({names}){_ELSEWHERE * ours.anywhere})"
        f" AND c.relname <> {literal(scope.version_table)} AND NOT {_of_extension('c', 'class')}",
        timeout_seconds=READ_SECONDS,
    )
    return _dotted({(str(s), str(name)) for s, name in rows})


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


def _dotted(tables: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(f"{schema}.{name}" for schema, name in tables)
