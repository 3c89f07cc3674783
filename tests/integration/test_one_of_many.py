"""A target among many in its database: it is read as if it were alone, and pays for itself only."""

import pytest

from headstart.fingerprint.catalog.query import Reading
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect
from headstart.postgres.indexes import read_invalid_indexes
from tests.harness.server import Database
from tests.integration.schema_reading import VERSION_TABLE, read

TENANT = """
CREATE SCHEMA {0};
SET search_path TO {0};
CREATE TABLE customers (id serial PRIMARY KEY, name text UNIQUE CHECK (name <> ''));
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                     customer int REFERENCES customers, total numeric DEFAULT 0);
CREATE SEQUENCE extra;
CREATE INDEX by_total ON orders (total);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CONSTRAINT above CHECK (VALUE > 0);
CREATE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';
CREATE VIEW large AS SELECT id FROM orders WHERE total > 100;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
"""
OBJECTS = (
    "customers",
    "customers_id_seq",
    "orders",
    "mood",
    "positive",
    "half",
    "large",
    "shared.rates",
    "shared",
)
SHARED = """
CREATE SCHEMA shared;
CREATE TABLE shared.rates (id int PRIMARY KEY, day date);
CREATE TABLE shared.others (id int);
"""
SPOILED = {
    "a sequence that a column owns": "ALTER SEQUENCE t0.extra OWNED BY t0.orders.total",
    "a sequence of nobody": "ALTER SEQUENCE t0.customers_id_seq OWNED BY NONE",
    "triggers off": "ALTER TABLE t0.orders DISABLE TRIGGER ALL",
    "triggers of the other table off": "ALTER TABLE t0.customers DISABLE TRIGGER ALL",
    "an index INVALID": "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = 't0.by_total'::regclass",
    "the index of a key INVALID": "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = 't0.orders_pkey'::regclass",
    "a foreign key to another target": "ALTER TABLE t0.orders ADD FOREIGN KEY (id)"
    " REFERENCES t1.customers",
    "a table of another target's type": "ALTER TABLE t0.orders ADD how t1.mood",
    "a parent elsewhere": "CREATE TABLE t1.child () INHERITS (t0.orders)",
    "a policy": "CREATE POLICY mine ON t0.orders USING (total > 0)",
    "an overload": "CREATE FUNCTION t0.half(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "a shared table that is changed": "ALTER TABLE shared.rates ADD rate numeric",
    "nothing": "SELECT 1",
}
CATALOGS = (
    "class",
    "attribute",
    "constraint",
    "index",
    "depend",
    "type",
    "proc",
    "trigger",
    "sequence",
)
COUNTED = f"""
SELECT pg_catalog.pg_stat_get_xact_tuples_returned(c)
         + pg_catalog.pg_stat_get_xact_tuples_fetched(c)
  FROM pg_catalog.unnest(ARRAY[{", ".join(f"'pg_{each}'" for each in CATALOGS)}]::regclass[]) c"""
READING = Reading("t0", VERSION_TABLE, "t0", frozenset(OBJECTS), frozenset(), beside_others=True)


def make(database: Database, first: int, number: int) -> None:
    """Make so many tenants more, the first of them with this number."""
    for at in range(first, first + number):
        database.execute(TENANT.format(f"t{at}"))


@pytest.mark.parametrize("spoiled", SPOILED)
def test_one_of_many_is_read_as_if_nobody_were_beside_it(database: Database, spoiled: str) -> None:
    database.execute(SHARED)
    make(database, 0, 3)
    database.execute(SPOILED[spoiled])
    where = (database.parameters, "t0", frozenset(OBJECTS), frozenset[str]())
    whole, alone = read(*where), read(*where, beside_others=True)
    assert alone.lines == whole.lines
    assert {line.split("\t")[1] for line in alone.lines} >= set(OBJECTS) - {"customers_id_seq"}
    assert alone.unusable == whole.unusable == ()


def test_what_else_is_in_the_schemas_of_a_target_is_told_and_no_more(database: Database) -> None:
    database.execute(SHARED)
    make(database, 0, 3)
    database.execute("CREATE TABLE t0.more (id int)")
    found = read(database.parameters, "t0", frozenset(OBJECTS), beside_others=True)
    assert set(found.others) == {"more", "shared.others"}


def test_what_is_read_for_a_target_does_not_grow_with_the_others(database: Database) -> None:
    database.execute(SHARED)
    make(database, 0, 3)
    few = rows_read(database)
    make(database, 3, 150)
    many = rows_read(database)
    assert sum(many.values()) < sum(few.values()) * 1.2, (few, many)


def rows_read(database: Database) -> dict[str, int]:
    """How many rows of each catalog are read for the first target, once caches are warm."""
    with connect(database.parameters, "headstart's tests") as connection:
        with Catalog(connection) as catalog:
            catalog.read(READING)
        with Catalog(connection) as catalog:
            catalog.read(READING)
            counts = (int(str(row[0])) for row in connection.execute(COUNTED))
            return dict(zip(CATALOGS, counts, strict=True))


def test_where_no_index_is_invalid_only_their_catalog_is_read(database: Database) -> None:
    make(database, 0, 20)
    seen = []
    with connect(database.parameters, "headstart's tests") as connection:
        execute = connection.execute

        def counted(sql: str, **options: object) -> object:
            seen.append(sql)
            return execute(sql, **options)  # type: ignore[arg-type]

        connection.execute = counted  # type: ignore[method-assign, assignment]
        assert read_invalid_indexes(connection, None, None) == ()  # type: ignore[arg-type]
    assert len(seen) == 2
    assert "JOIN" not in seen[0]
