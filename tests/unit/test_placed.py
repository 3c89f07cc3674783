"""Where a statement stands in a text of SQL, and which table it is about."""

import pytest

from headstart.facts.state import TableName
from headstart.fingerprint.statements.placed import placed
from headstart.fingerprint.statements.subject import Subject

TABLES: dict[str, list[TableName]] = {
    "ALTER TABLE a ADD x int": [(None, "a")],
    "ALTER TABLE IF EXISTS ONLY s.a ADD x int": [("s", "a")],
    'ALTER TABLE "S"."A;b ""c" ADD x int': [("S", 'A;b "c')],
    "CREATE INDEX ON a (x)": [(None, "a")],
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.a USING gin (x)": [("s", "a")],
    "DROP TABLE IF EXISTS a, s.b CASCADE": [(None, "a"), ("s", "b")],
    "TRUNCATE a, ONLY b": [(None, "a"), (None, "b")],
    "TRUNCATE TABLE ONLY a RESTART IDENTITY": [(None, "a")],
    "UPDATE ONLY a SET x = (SELECT 1 FROM b)": [(None, "a")],
    "DELETE FROM s.a USING b": [("s", "a")],
    "INSERT INTO a SELECT * FROM b": [(None, "a")],
    "REINDEX (VERBOSE) TABLE CONCURRENTLY a": [(None, "a")],
    "REINDEX DATABASE d": [],
    "VACUUM (FULL) a": [(None, "a")],
    "VACUUM FULL VERBOSE a, b": [(None, "a"), (None, "b")],
    "CLUSTER VERBOSE a": [(None, "a")],
    "LOCK TABLE a, b IN SHARE MODE": [(None, "a"), (None, "b")],
    "REFRESH MATERIALIZED VIEW CONCURRENTLY m": [(None, "m")],
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()": [(None, "a")],
    "DROP POLICY p ON a": [(None, "a")],
    "CREATE TABLE a (b int REFERENCES c)": [(None, "a")],
    "ALTER TYPE t ADD VALUE 'x'": [],
    "SELECT * FROM a": [],
    'ALTER TABLE U&"a" ADD x int': [],
    "": [],
}


@pytest.mark.parametrize("sql", TABLES)
def test_a_statement_is_about_the_table_that_it_changes(sql: str) -> None:
    assert [table for each in placed(sql) for table in each.subject.tables] == TABLES[sql]


@pytest.mark.parametrize(
    ("sql", "subject"),
    [
        ("DROP INDEX CONCURRENTLY i, s.j", Subject(indexes=((None, "i"), ("s", "j")))),
        ("ALTER INDEX i RENAME TO j", Subject(indexes=((None, "i"),))),
        ("CREATE INDEX i ON s.a (x)", Subject((("s", "a"),), builds=("s", "i"))),
        (
            "CREATE TEMP TABLE a (x int)",
            Subject(((None, "a"),), makes=(None, "a"), temporary=True),
        ),
        (
            "CREATE TEMP TABLE a ON COMMIT DROP AS SELECT s.f(now())",
            Subject(
                ((None, "a"),),
                makes=(None, "a"),
                temporary=True,
                until_commit=True,
                calls=frozenset({("s", "f"), (None, "now")}),
            ),
        ),
        (
            "SELECT 1 AS x INTO TEMP a",
            Subject(((None, "a"),), makes=(None, "a"), temporary=True),
        ),
        (
            "UPDATE a SET x = f(x)",
            Subject(((None, "a"),), fills=((None, "a"),), calls=frozenset({(None, "f")})),
        ),
        ("INSERT INTO s.a SELECT 1 FROM b", Subject((("s", "a"),), fills=(("s", "a"),))),
        (
            "WITH x AS (INSERT INTO a SELECT 1 RETURNING *) SELECT * FROM x",
            Subject(fills=((None, "a"),)),
        ),
        ("DELETE FROM a USING b", Subject(((None, "a"),))),
        ("COPY a (x) FROM STDIN", Subject(((None, "a"),), fills=((None, "a"),))),
        ("COPY a TO STDOUT", Subject(((None, "a"),))),
        ("REFRESH MATERIALIZED VIEW m", Subject(((None, "m"),), fills=((None, "m"),))),
        (
            "ALTER TABLE a ATTACH PARTITION s.b FOR VALUES FROM (1) TO (2)",
            Subject(((None, "a"),), attaches=("s", "b")),
        ),
        (
            "ALTER TABLE IF EXISTS s.a DETACH PARTITION b CONCURRENTLY",
            Subject((("s", "a"),), detaches=(None, "b")),
        ),
        ('ALTER SCHEMA x RENAME TO "Y"', Subject(renames_schema=("x", "Y"))),
        ("ALTER SCHEMA x OWNER TO y", Subject()),
        ("(SELECT f())", Subject(calls=frozenset({(None, "f")}))),
        ("CREATE VIEW v AS SELECT f()", Subject()),
        (
            "CREATE TABLE IF NOT EXISTS a (x int)",
            Subject(((None, "a"),), makes=(None, "a"), unless_there=True),
        ),
        ("ALTER TABLE s.a RENAME TO b", Subject((("s", "a"),), moves_to=("s", "b"))),
        ("ALTER TABLE a SET SCHEMA s", Subject(((None, "a"),), moves_to=("s", "a"))),
        ('ALTER TABLE a RENAME TO "B c"', Subject(((None, "a"),), moves_to=(None, "B c"))),
        ("ALTER TABLE a RENAME x TO y", Subject(((None, "a"),))),
        ("ALTER TABLE a SET (fillfactor = 3)", Subject(((None, "a"),))),
        ("DROP TABLE a", Subject(((None, "a"),), drops=True)),
        ("DO $$ BEGIN DROP TABLE a; END $$", Subject(opaque=True)),
        ("CALL f()", Subject(opaque=True)),
    ],
)
def test_what_else_a_statement_says_of_its_table(sql: str, subject: Subject) -> None:
    assert [each.subject for each in placed(sql)] == [subject]


def test_each_statement_has_its_own_text() -> None:
    """Nothing of the text is lost, and a semicolon in a literal or a body ends no statement."""
    parts = [
        "SELECT ';';",
        " -- a; b\n/* c; */ UPDATE a SET x = $$;$$;",
        "\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;",
        " SELECT 'ä', \"b;\" ",
    ]
    found = list(placed("".join(parts)))
    assert [each.text for each in found] == parts
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]


def test_a_lone_semicolon_is_no_statement() -> None:
    assert [each.text for each in placed(";;SELECT 1;; -- the end")] == ["SELECT 1;"]
