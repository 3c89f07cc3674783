"""SQL makes the tables that its text names, or nobody can say which."""

import random

import pytest

from headstart.fingerprint.statements.sql_tables import (
    is_known_function,
    tables_made,
    tables_touched,
    views_made,
)


def made(sql: str) -> set[str] | None:
    """The tables, with their schemas."""
    found = tables_made(sql)
    return found if found is None else {f"{s}.{t}" if s else t for s, t in found}


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("CREATE TABLE a (id int); CREATE TABLE B.c PARTITION OF a DEFAULT", {"a", "b.c"}),
        ('create global temporary table a (); CREATE TABLE "A b" ()', {"A b"}),
        ("ALTER TABLE IF EXISTS ONLY s.a * RENAME TO b", {"s.b"}),
        ("ALTER TABLE s.a SET SCHEMA t", {"t.a"}),
        ("ALTER TABLE a RENAME COLUMN b TO c; ALTER TABLE a RENAME CONSTRAINT b TO c", set()),
        ("WITH b AS (SELECT 1) SELECT * INTO UNLOGGED a FROM b", {"a"}),
        ("(SELECT 1) UNION (SELECT 2)", set()),
        ("CREATE MATERIALIZED VIEW a AS SELECT lower(b) FROM c", set()),
        ("CREATE SCHEMA s; CREATE SCHEMA AUTHORIZATION b", set()),
        ("CREATE UNIQUE INDEX CONCURRENTLY a ON b (lower(c)); ALTER INDEX a RENAME TO b", set()),
        ("CREATE TRIGGER a BEFORE UPDATE ON b FOR EACH ROW EXECUTE FUNCTION c()", set()),
        ("INSERT INTO a (b) VALUES (E'\\'; CREATE TABLE c ()'), ('x''; CREATE')", set()),
        ("/* /* */ CREATE TABLE a (); */ ; ; -- CREATE TABLE b ()", set()),
        ("RESET lock_timeout; SET SESSION TIME ZONE 'UTC'; SET CONSTRAINTS ALL DEFERRED", set()),
        ("ALTER EXTENSION vector UPDATE", set()),
        ("CREATE MATERIALIZED VIEW a AS SELECT make(b) FROM c", None),
        ("CREATE TABLE a AS EXECUTE b", None),
        ("ALTER TABLE a SPLIT PARTITION b INTO (PARTITION c FOR VALUES IN (1))", None),
        ('ALTER TABLE U&"a" RENAME TO b', None),
        ('ALTER TABLE a SET SCHEMA U&"b"', None),
        ("CREATE TABLE " + 64 * "a" + " ()", None),
        ('CREATE TABLE "a\\b" ()', None),
        ("ALTER EXTENSION a DROP TABLE b", None),
        ("ALTER ROLE a SET search_path = b", None),
        ("ALTER SYSTEM SET a = b", None),
        ("RESET ALL", None),
        ("DISCARD ALL", None),
        ("SET ROLE a", None),
        ("IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c", None),
        ("EXPLAIN ANALYZE CREATE TABLE a AS SELECT 1", None),
        ("PREPARE a AS SELECT 1", None),
        ("%s", None),
        (":statement", None),
        ("INSERT INTO a SELECT * FROM make()", None),
        ("SELECT public.make()", None),
        ("nonsense", None),
    ],
)
def test_a_table_is_named_or_may_be_any(sql: str, tables: set[str] | None) -> None:
    assert made(sql) == tables


@pytest.mark.parametrize(
    ("sql", "views"),
    [
        ("CREATE MATERIALIZED VIEW a AS SELECT 1; SELECT 1", {(None, "a")}),
        ('create materialized view if not exists "S".a as select make()', {("S", "a")}),
        ("ALTER MATERIALIZED VIEW IF EXISTS s.a RENAME TO b", {("s", "b")}),
        ("ALTER MATERIALIZED VIEW a SET SCHEMA s", {("s", "a")}),
        ("ALTER MATERIALIZED VIEW a CLUSTER ON b; REFRESH MATERIALIZED VIEW c", set()),
        ("CREATE VIEW a AS SELECT 1; CREATE TABLE b ()", set()),
    ],
)
def test_a_materialized_view_is_named(sql: str, views: set[tuple[str | None, str]]) -> None:
    assert views_made(sql) == views


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("lower", True),
        ("pg_catalog.lower", True),
        ("pg_advisory_xact_lock", True),
        ("pg_make_tables", False),
        ("pg_catalog.create_distributed_table", False),
        ("pg_catalog.set_config", False),
        ("set_config", False),
        ("public.lower", False),
        ("make", False),
    ],
)
def test_a_function_is_known_by_its_name(name: str, known: bool) -> None:
    assert is_known_function(name) is known


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ONLY s.a SET b = 1",
        "DELETE FROM s.a",
        "WITH b AS (DELETE FROM s.a RETURNING *) SELECT * FROM b",
        "INSERT INTO s.a VALUES (1)",
        "MERGE INTO s.a USING b ON true WHEN MATCHED THEN DELETE",
        "TRUNCATE b, s.a",
        "TRUNCATE TABLE ONLY s.a CASCADE",
        "ALTER TABLE IF EXISTS ONLY s.a ADD b int",
        "DROP TABLE IF EXISTS b, s.a",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON ONLY s.a (b)",
        "CREATE TRIGGER t BEFORE UPDATE ON s.a EXECUTE FUNCTION f()",
    ],
)
def test_a_table_that_is_changed_is_named(sql: str) -> None:
    assert ("s", "a") in tables_touched(sql)


def test_a_table_that_is_only_read_is_not() -> None:
    assert not tables_touched("SELECT * FROM a JOIN b ON a.c = b.c; GRANT SELECT ON a TO b")


def test_no_text_is_too_strange() -> None:
    words = ["ALTER", "TABLE", "CREATE", "RENAME TO", "SET SCHEMA", "AS", "INTO", '"', '""', "U&"]
    words += ["a", ".", ";", "(", ")", "'", "$$", "--", "\n", "/*", "*", "\\", "ONLY", "\x00", "é"]
    for seed in range(3_000):
        chosen = random.Random(seed)  # the same each time
        text = " ".join(chosen.choices(words, k=9))
        tables_made(text)
        views_made(text)
        tables_touched(text)
