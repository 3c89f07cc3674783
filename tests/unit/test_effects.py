"""What the statements of a revision do: told from the text, and cautious where that cannot tell."""

import pytest

from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.effects import Work, is_repeatable, work_of


def told(sql: str, *, changes_schema: bool = False) -> tuple[str, str]:
    """The effect, and the tables in order."""
    work = work_of([sql], changes_schema=changes_schema)
    return work.effect.value, " ".join(sorted(work.tables))


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("INSERT INTO t (a, b) VALUES (1, 2)", "t"),
        ("insert into T as x (a) select b from s on conflict (a) do update set a = 1", "t"),
        ("INSERT INTO other.t DEFAULT VALUES", "other.t"),
        ("INSERT INTO db.other.t VALUES (now())", "other.t"),
        ('INSERT INTO "t" VALUES (1)', "t"),
        ('INSERT INTO "My ""T""" VALUES (1)', '"My ""T"""'),
        ("INSERT INTO Ärger VALUES (1)", '"Ärger"'),
        ('INSERT INTO U&"\\0061" VALUES (1)', "*"),
        ("UPDATE ONLY t SET a = s.b FROM s WHERE s.id = t.id", "t"),
        ("UPDATE t SET a = (SELECT max(b) FROM s)", "t"),
        ("UPDATE ONLY (t) AS x SET (a, b) = (1, 2)", "t"),
        ("DELETE FROM ONLY t USING s WHERE s.id = t.id", "t"),
        ("MERGE INTO t USING s ON s.id = t.id WHEN MATCHED THEN UPDATE SET a = 1", "t"),
        ("MERGE INTO t USING s ON true WHEN NOT MATCHED THEN INSERT (a, b) VALUES (1, 2)", "t"),
        ("COPY t (a, b) FROM STDIN WITH (FORMAT csv)", "t"),
        ("TRUNCATE TABLE ONLY a, other.b RESTART IDENTITY", "a other.b"),
        ("TRUNCATE a", "a"),
        ("TRUNCATE a CASCADE", "* a"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", "m"),
        ("WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone", "a b"),
        ("WITH x AS (SELECT 1), y(i) AS (UPDATE a SET b = 1 RETURNING b) SELECT * FROM y", "a"),
        ("WITH x AS (SELECT 1) UPDATE t SET a = 1", "t"),
        ("EXPLAIN (ANALYZE, VERBOSE) DELETE FROM t", "t"),
        ("SELECT 1; /* ; */ DELETE FROM t; SELECT ';'", "t"),
        ("/* a /* b */ c */ DELETE FROM t", "t"),
        ("--\nDELETE/**/FROM--\nt", "t"),
    ],
)
def test_what_writes_rows_is_data_and_names_the_tables_written(sql: str, tables: str) -> None:
    assert told(sql) == ("data", tables)


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT * FROM t", "t"),
        ("SELECT a.id FROM a, other.b AS b JOIN LATERAL (SELECT 1) x ON true, c", "a c other.b"),
        ("SELECT 1 FROM (a x LEFT JOIN b USING (id)), c", "a b c"),
        ("SELECT count(*), upper(max(x)) FROM ONLY t GROUP BY coalesce(a, b)", "t"),
        ("SELECT (SELECT x FROM s LIMIT 1) WHERE EXISTS (SELECT 1 FROM t)", "s t"),
        ("SELECT a FROM t WHERE b IN (1, 2) ORDER BY a, b FOR UPDATE OF t", "t"),
        ("(SELECT a FROM s) UNION ALL (SELECT b FROM t)", "s t"),
        (
            "SELECT extract(epoch FROM a), substring(b FROM 1 FOR 2), trim(both 'x' from c) FROM t",
            "t",
        ),
        ("SELECT a IS NOT DISTINCT FROM b FROM t", "t"),
        ("SELECT x FROM s, unnest(s.a) WITH ORDINALITY AS u(x, i), t", "s t"),
        ("SELECT * FROM generate_series(1, 3) g(i), t y(a, b)", "t"),
        ("SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(a)) AS r(x, y), t", "t"),
        ("WITH t AS (SELECT * FROM t) SELECT * FROM t", "t"),
        ("WITH a AS MATERIALIZED (SELECT 1 FROM s), b AS (SELECT 1 FROM a) TABLE b", "s"),
        (
            "WITH RECURSIVE r(n) AS (SELECT 1 FROM s UNION SELECT n + 1 FROM r) SELECT 1 FROM r",
            "s",
        ),
        ("SELECT other.r.x FROM (WITH r AS (SELECT 1) SELECT 1 FROM r) s, r", "r"),
        ("COPY t TO STDOUT", "t"),
        ("COPY (SELECT * FROM t) TO STDOUT WITH (FORMAT csv)", "t"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t", "t"),
        ("TABLE t", "t"),
        ("SELECT update, insert FROM t", "t"),
        ("SELECT c.oid FROM pg_catalog.pg_class c, t", "t"),
        ("SELECT x::numeric(10, 2), CAST(y AS my_type(3)), z::my_type(3) FROM t", "t"),
        ("SELECT setting FROM filter", "filter"),
    ],
)
def test_what_looks_at_rows_only_is_read(sql: str, tables: str) -> None:
    assert told(sql) == ("read", tables)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        " ; ;",
        "SELECT 1",
        "SELECT 'INSERT INTO t', E'\\'; DELETE FROM t; --', $$ FROM t $$, $x$ $$ FROM t $x$",
        "SELECT 1 -- FROM t\n",
        "SELECT 1 /* a /* b */ FROM t */",
        'SELECT 1 AS "x FROM t"',
        "SELECT %(from)s, %(delete)s, $1, :from, %s, ?",
        "SELECT pg_catalog.set_config('a', 'b', true), now(), version(), current_schema()",
        "SELECT nextval('s')",
        "SELECT relname FROM pg_class JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace",
        "SELECT 1 FROM information_schema.tables WHERE has_table_privilege(x, 'y')",
        "SET LOCAL lock_timeout = '2s'",
        "SAVEPOINT a; RELEASE SAVEPOINT a; ROLLBACK TO a",
        "SHOW server_version",
        "LOCK TABLE t IN EXCLUSIVE MODE",
        "COMMENT ON TABLE t IS 'INSERT INTO t'",
        "CREATE TEMP TABLE x (a int); INSERT INTO x VALUES (1); SELECT * FROM x",
        "CREATE TEMPORARY TABLE IF NOT EXISTS x AS SELECT 1",
        "SELECT 1 INTO TEMP x; SELECT * FROM x",
    ],
)
def test_what_neither_writes_nor_reads_rows_of_a_table_that_stays_is_noop(sql: str) -> None:
    assert told(sql) == ("noop", "")


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN NULL; END $$",
        "CALL fill()",
        "EXECUTE fill(1)",
        "SELECT fill()",
        "SELECT public.fill(id) FROM t",
        "SELECT DISTINCT fill(id) FROM t",
        "SELECT DISTINCT ON (a) fill(b) FROM t",
        "SELECT filter.fill()",
        "SELECT 1 FROM a JOIN b ON fill(a.id) AND true",
        "SELECT * FROM fill(1) AS f(x)",
        'SELECT "Fill"()',
        "SELECT pg_temp.fill()",
        "SELECT now(), lower(fill('x'))",
        "SELECT setval('s', 100)",
        "SELECT pg_catalog.setval('s', 100)",
        "SELECT pg_catalog.lo_unlink(1)",
        "SELECT set('t')",
        "UPDATE :t SET a = 1",
        "INSERT OVERWRITE t SELECT 1",
        "VALUES (fill(1))",
        "FROBNICATE t",
    ],
)
def test_what_cannot_be_told_is_data_of_unknown_tables(sql: str) -> None:
    assert told(sql) == ("data", "*")


def test_a_sequence_set_from_a_table_is_as_good_as_that_tables_rows() -> None:
    sql = "SELECT setval(pg_get_serial_sequence('t', 'id'), coalesce(max(id), 1)) FROM t"
    assert told(sql) == ("data", "t")


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("DROP TABLE t", "t"),
        ("DROP TABLE IF EXISTS s.t, u", "s.t u"),
        ("DROP TABLE t CASCADE", "* t"),
        ("DROP SCHEMA s CASCADE", "*"),
        ("DROP OWNED BY somebody", "*"),
        ("ALTER TABLE t DROP COLUMN a", "t"),
        ("ALTER TABLE t DROP a", "t"),
        ("ALTER TABLE IF EXISTS ONLY t DROP COLUMN IF EXISTS a, ADD COLUMN a int", "t"),
        ("ALTER TABLE t ALTER a TYPE int USING (SELECT a FROM s)::int", "t"),
        ("ALTER TABLE t ALTER COLUMN a SET DATA TYPE int", "t"),
        ("ALTER TABLE t ADD type int, ALTER type TYPE int", "t"),
        ("ALTER TABLE t SET SCHEMA s", "t"),
        ("ALTER SCHEMA s RENAME TO old", "*"),
        ("ALTER TABLE t DETACH PARTITION p", "t"),
        ("ALTER TABLE t RENAME COLUMN a TO b", "t"),
        ("ALTER TABLE t RENAME a TO b", "t"),
        ("ALTER TABLE t * RENAME a TO b", "t"),
        ("ALTER TABLE t RENAME TO u", "t"),
    ],
)
def test_ddl_that_takes_rows_or_values_along_names_the_table(sql: str, tables: str) -> None:
    assert told(sql) == ("schema", tables)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a int DEFAULT fill(), b int GENERATED ALWAYS AS (a + 1) STORED)",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
        "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
        "ALTER TABLE t DROP CONSTRAINT c",
        "ALTER TABLE t ADD COLUMN a int",
        "ALTER TABLE t ADD COLUMN type text, ADD type text, ALTER COLUMN type SET DEFAULT 'x'",
        "ALTER TABLE t SET (fillfactor = 70)",
        "ALTER SCHEMA s OWNER TO somebody",
        "ALTER TABLE t RENAME CONSTRAINT a TO b",
        "DROP INDEX i",
        "DROP TYPE IF EXISTS e",
        "GRANT SELECT ON t TO someone",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM t",
        "CREATE TABLE t AS SELECT * FROM s WITH NO DATA",
        "CREATE INDEX CONCURRENTLY i ON t (fill(a))",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM t; END'",
        "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE a WHEN 1 THEN 1 END; DELETE FROM s; END",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM s; DELETE FROM u)",
        "CREATE TRIGGER g AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); SELECT 1",
        "DELETE FROM pg_catalog.pg_enum WHERE enumlabel = 'x'",
        "COMMENT ON TABLE t IS 'x'; CREATE TYPE mood AS ENUM ('sad')",
    ],
)
def test_ddl_is_schema_even_where_it_left_the_schema_as_it_was(sql: str) -> None:
    assert told(sql, changes_schema=True) == told(sql) == ("schema", "")


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("ALTER TABLE t ADD a int; UPDATE t SET a = 1", "t"),
        ("CREATE TABLE t AS SELECT * FROM s JOIN u ON true", "s u"),
        ("CREATE TABLE IF NOT EXISTS t (a) AS SELECT 1", "t"),
        ("CREATE UNLOGGED TABLE t AS TABLE s", "s"),
        ("CREATE TABLE t AS EXECUTE prepared", "*"),
        ("SELECT a, b INTO TABLE t FROM s", "s"),
        ("ALTER TABLE t ADD a int; SELECT * FROM t", "t"),
        ("CREATE TABLE u (a int); SELECT * FROM s; INSERT INTO u VALUES (1)", "s u"),
        ("CREATE PROCEDURE p() LANGUAGE sql AS ''; CALL p()", "*"),
        ("CREATE FUNCTION f() RETURNS int RETURN 1; DELETE FROM t", "t"),
        ("ALTER TABLE t ADD atomic bool; DELETE FROM t", "t"),
    ],
)
def test_a_schema_changed_and_rows_written_or_read_are_both(sql: str, tables: str) -> None:
    assert told(sql) == ("schema+data", tables)


@pytest.mark.parametrize(
    ("sql", "effect"),
    [
        ("", Effect.SCHEMA),
        ("SELECT 1 FROM pg_class", Effect.SCHEMA),
        ("SELECT * FROM t", Effect.SCHEMA_AND_DATA),
        ("DO $$ $$", Effect.SCHEMA_AND_DATA),
        ("INSERT INTO t VALUES (1)", Effect.SCHEMA_AND_DATA),
    ],
)
def test_a_changed_schema_counts_whatever_the_text_shows(sql: str, effect: Effect) -> None:
    assert work_of([sql], changes_schema=True).effect is effect


def test_the_statements_of_a_revision_add_up() -> None:
    statements = [
        "SELECT * FROM a",
        "SET x = 1",
        "DELETE FROM b USING c",
        "INSERT INTO d VALUES (1)",
    ]
    assert work_of(statements, changes_schema=False) == Work(
        Effect.DATA, frozenset({"a", "b", "d"})
    )


@pytest.mark.parametrize(
    "sql", ["SELECT 'x", 'SELECT "x', "SELECT $$x", "/* x", "SELECT (", ") (;"]
)
def test_a_text_that_ends_too_early_is_no_error(sql: str) -> None:
    assert told(sql)[0] == "noop"


def test_very_deep_parentheses_are_no_error() -> None:
    assert told(f"SELECT {'(' * 5000}1{')' * 5000} FROM t") == ("read", "t")


@pytest.mark.parametrize(
    ("sql", "repeatable"),
    [
        ("GRANT SELECT ON t TO someone; REVOKE ALL ON t FROM PUBLIC", True),
        ("SELECT 1", True),
        ("ALTER SEQUENCE s RESTART WITH 5000", False),
        ("GRANT SELECT ON t TO someone; ALTER TABLE t RENAME a TO b", False),
    ],
)
def test_only_privileges_may_be_given_again(sql: str, repeatable: bool) -> None:
    assert is_repeatable([sql]) is repeatable
