"""A schema is read with the server's own functions: nothing that is in the database is executed."""

from collections.abc import Callable, Iterator

import pytest

from headstart.facts.state import OurTables, Scope
from headstart.postgres.connection import connect
from headstart.postgres.inspection import inspect_database, run_in_progress
from tests.harness.server import Database
from tests.integration.schema_reading import read

TRAP = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'executed: {what}'; END $$"
OPERANDS = (
    "oid", "name", "text", '"char"', "boolean", "smallint", "integer", "jsonb", "anyelement",
)  # fmt: skip
OPERATORS = ("=", "<>", "<", ">", "||", "@>", "!~", "~", "+")
MIXED = (
    ("name", "text"), ("text", "name"), ("smallint", "integer"), ("integer", "smallint"),
    ("oid", "integer"), ("oid", "regclass"), ("text", '"char"'), ('"char"', "text"),
)  # fmt: skip
"""Where the server has no operator of its own for just these, another one's is a better match."""
PATHS = {"as ever": "", "ours first": "SET search_path = public, pg_catalog"}
FUNCTIONS = (
    "current_schema()", "set_config(text, text, boolean)", "current_setting(text)",
    "concat_ws(text, VARIADIC \"any\")", "quote_ident(text)", "quote_ident(name)",
    "quote_literal(text)", "quote_literal(name)", "format_type(oid, integer)",
    "pg_get_expr(pg_node_tree, oid)", "pg_get_constraintdef(oid)", "pg_get_indexdef(oid)",
    "pg_get_viewdef(oid)", "pg_get_triggerdef(oid, boolean)", "pg_get_partkeydef(oid)",
    "pg_get_function_arguments(oid)", "pg_get_function_identity_arguments(oid)",
    "pg_get_function_result(oid)", "array_to_string(anyarray, text)",
    "has_schema_privilege(oid, text)", "unnest(anyarray)", "to_jsonb(anyelement)",
    "array_position(anyarray, anyelement)", "current_schemas(boolean)",
)  # fmt: skip
Evil = Callable[[], Iterator[str]]
"""Gives the statements that set the traps."""


def trap(what: str) -> str:
    return TRAP.format(what=what.replace("'", ""))


def evil_functions() -> Iterator[str]:
    """What has the name and the arguments of a function of the server's."""
    for function in FUNCTIONS:
        result = "anyelement" if "anyelement" in function else "text"
        yield f"CREATE FUNCTION public.{function} RETURNS {result} {trap(function)}".replace(
            'VARIADIC "any"', "VARIADIC text[]"
        )


def evil_operators() -> Iterator[str]:
    """What has the name and the operands of an operator of the server's."""
    pairs = [(operand, operand) for operand in OPERANDS] + list(MIXED)
    for number, (left, right) in enumerate(pairs):
        for place, operator in enumerate(OPERATORS):
            name, result = f"public.evil_{number}_{place}", "boolean"
            if operator in ("||", "+"):
                result = "text"
            told = trap(f"{left} {operator} {right}")
            yield f"CREATE FUNCTION {name}({left}, {right}) RETURNS {result} {told}"
            yield (
                f"CREATE OPERATOR public.{operator}"
                f" (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {name})"
            )


def evil_type() -> Iterator[str]:
    """A domain with the name of the type that texts are cast to."""
    yield f"CREATE FUNCTION public.never(pg_catalog.text) RETURNS boolean {trap('the type text')}"
    yield "CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.never(VALUE))"


def evil_objects() -> Iterator[str]:
    """Objects whose own parts would be executed by whoever reads their rows, or writes some."""
    yield f"CREATE FUNCTION loud(int) RETURNS int IMMUTABLE {trap('a function')}"
    yield "CREATE TABLE watched (id int DEFAULT loud(1))"
    yield "ALTER TABLE watched ADD g int GENERATED ALWAYS AS (loud(id)) STORED"
    yield "ALTER TABLE watched ADD CHECK (loud(id) > 0)"
    yield "ALTER TABLE watched ENABLE ROW LEVEL SECURITY"
    yield "ALTER TABLE watched FORCE ROW LEVEL SECURITY"
    yield "CREATE POLICY p ON watched USING (loud(id) > 0)"
    yield "CREATE INDEX ON watched (loud(id)) WHERE loud(id) > 3"
    yield "CREATE VIEW looking AS SELECT loud(id) AS l, loud(3) AS m FROM watched"
    yield "CREATE DOMAIN loud_number AS int DEFAULT loud(2) CHECK (loud(VALUE) > 1)"
    yield "CREATE TABLE parts (id int) PARTITION BY RANGE (loud(id))"


@pytest.fixture
def schema(database: Database) -> Database:
    """A database with something of each kind that is read by a function of its own."""
    database.execute("""
        CREATE TYPE mood AS ENUM ('a');
        CREATE TABLE t (id serial PRIMARY KEY, n text DEFAULT 'x' CHECK (n <> 'y'), m mood);
        CREATE INDEX ON t (lower(n)) WHERE n IS NOT NULL;
        CREATE VIEW v AS SELECT id, n FROM t;
        CREATE FUNCTION one(a int DEFAULT 3) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE parted (a int) PARTITION BY RANGE (a);
        CREATE TRIGGER same BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id > 3)
            EXECUTE FUNCTION suppress_redundant_updates_trigger();
        CREATE EXTENSION vector;
    """)
    return database


@pytest.mark.parametrize("evil", [evil_functions, evil_operators, evil_type])
@pytest.mark.parametrize("given", ["public", None])
@pytest.mark.parametrize("path", list(PATHS.values()), ids=list(PATHS))
def test_what_is_named_like_the_servers_own_is_never_called(
    schema: Database, evil: Evil, given: str | None, path: str
) -> None:
    """Not even where the database's own search_path has it in front of the server's."""
    names = frozenset({"t", "v", "mood", "one", "parted"})
    expected = read(schema.parameters, "public", names).lines
    assert len(expected) > 8
    for statement in evil():
        schema.execute(statement)
    if path:
        schema.execute(f"ALTER DATABASE {schema.name} {path}")
    assert read(schema.parameters, given, names).lines == expected


@pytest.mark.parametrize("evil", [evil_functions, evil_operators, evil_type])
def test_nor_is_it_where_the_version_rows_are_read(schema: Database, evil: Evil) -> None:
    schema.execute("CREATE TABLE alembic_version (version_num varchar(32))")
    schema.execute("INSERT INTO alembic_version VALUES ('0001')")
    for statement in evil():
        schema.execute(statement)
    schema.execute(f"ALTER DATABASE {schema.name} SET search_path = public, pg_catalog")
    with connect(schema.parameters, "headstart's tests") as connection:
        run_in_progress(connection, None)
        facts = inspect_database(connection, Scope("alembic_version", None), OurTables)
    assert facts.version_rows == ("0001",)


def test_what_objects_would_execute_is_printed_and_not_executed(database: Database) -> None:
    for statement in evil_objects():
        database.execute(statement)
    printed = [line for line in read(database.parameters).lines if "loud(" in line]
    kinds = {line.split("\t")[0] for line in printed}
    assert kinds >= {"check", "column", "policy", "index", "view", "domain", "table"}


def test_the_traps_do_spring(database: Database) -> None:
    """Else the tests above could not fail."""
    for statement in (*evil_operators(), *evil_objects()):
        database.execute(statement)
    for query in (
        "SELECT loud(1)",
        "SELECT 1 OPERATOR(public.=) 1",
        "INSERT INTO watched VALUES (1)",
    ):
        with pytest.raises(Exception, match="executed: "):
            database.query(query)
