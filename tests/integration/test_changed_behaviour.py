"""What changes how old and new code behave is a fact, also where no object comes or goes."""

import contextlib
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from tests.harness.server import Database
from tests.integration.schema_reading import read

BEGIN = """
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL CONSTRAINT u UNIQUE, b int, words text);
CREATE TABLE child (t int CONSTRAINT fk REFERENCES t);
CREATE TABLE parent (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE part PARTITION OF parent FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
CREATE UNIQUE INDEX i ON t (a);
CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO child VALUES (1);
CREATE STATISTICS st (ndistinct) ON a, b FROM t;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE span AS RANGE (subtype = float8);
CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE FUNCTION number_of(mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE CAST (mood AS int) WITH FUNCTION number_of(mood);
CREATE TEXT SEARCH CONFIGURATION tc (COPY = english);
CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple);
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION told();
CREATE PUBLICATION pub FOR TABLE t;
CREATE OPERATOR <<< (LEFTARG = mood, RIGHTARG = int, FUNCTION = less);
"""
LESS = "CREATE FUNCTION less(mood, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; "


def aggregate(how: str) -> str:
    return f"CREATE OR REPLACE AGGREGATE total(int) ({how})"


CHANGES = {
    # before ;; what it takes
    "aggregate: its SFUNC": aggregate("SFUNC = int4mul, STYPE = int, INITCOND = '0'"),
    "aggregate: a SFUNC of ours": aggregate("SFUNC = plus, STYPE = int, INITCOND = '0'"),
    "aggregate: its first value": aggregate("SFUNC = int4pl, STYPE = int, INITCOND = '7'"),
    "aggregate: a final function": aggregate(
        "SFUNC = int4pl, STYPE = int, INITCOND = '0', FINALFUNC = int4abs"
    ),
    "aggregate: a combine function": aggregate(
        "SFUNC = int4pl, STYPE = int, INITCOND = '0', COMBINEFUNC = int4pl"
    ),
    "rule: what it does": "CREATE OR REPLACE RULE r AS ON INSERT TO t DO INSTEAD NOTHING",
    "rule: when": "CREATE OR REPLACE RULE r AS ON INSERT TO t WHERE new.a > 3"
    " DO ALSO INSERT INTO child VALUES (1)",
    "rule: whether": "ALTER TABLE t DISABLE RULE r",
    "rule of a view": "CREATE VIEW v AS SELECT id FROM t;;"
    " CREATE RULE vr AS ON DELETE TO v DO INSTEAD NOTHING",
    "replica identity: all": "ALTER TABLE t REPLICA IDENTITY FULL",
    "replica identity: none": "ALTER TABLE t REPLICA IDENTITY NOTHING",
    "replica identity: an index": "ALTER TABLE t REPLICA IDENTITY USING INDEX i",
    "replica identity of a partition": "ALTER TABLE part REPLICA IDENTITY FULL",
    "an index that is INVALID": "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = 'i'::regclass",
    "a key whose index is INVALID": "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = 'u'::regclass",
    "a foreign key that nobody enforces": "ALTER TABLE child DISABLE TRIGGER ALL",
    "a foreign key that the other table does not enforce": "ALTER TABLE t DISABLE TRIGGER ALL",
    "a foreign key on replicas only": "DO $$ DECLARE n text; BEGIN"
    " SELECT tgname INTO n FROM pg_trigger WHERE tgrelid = 'child'::regclass LIMIT 1;"
    " EXECUTE format('ALTER TABLE child ENABLE REPLICA TRIGGER %I', n); END $$",
    "function: leakproof": "ALTER FUNCTION plus(int, int) LEAKPROOF",
    "function: parallel": "ALTER FUNCTION plus(int, int) PARALLEL SAFE",
    "statistics: which": "DROP STATISTICS st; CREATE STATISTICS st (mcv) ON a, b FROM t",
    "statistics: of what": "DROP STATISTICS st; CREATE STATISTICS st (ndistinct) ON a, id FROM t",
    "statistics: of an expression": "DROP STATISTICS st;"
    " CREATE STATISTICS st (ndistinct) ON a, (b + 1) FROM t",
    "statistics: in another schema": "CREATE SCHEMA x;; ALTER STATISTICS st SET SCHEMA x",
    "a table of a type": "CREATE TYPE one AS (t int);; ALTER TABLE child OF one",
    "range: its difference": "DROP TYPE span;"
    " CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi)",
    "cast: when": "DROP CAST (mood AS int);"
    " CREATE CAST (mood AS int) WITH FUNCTION number_of(mood) AS IMPLICIT",
    "operator: its negator": "CREATE OPERATOR >>> (LEFTARG = mood, RIGHTARG = int,"
    " FUNCTION = less, NEGATOR = <<<)",
    "text search: dictionaries": "ALTER TEXT SEARCH CONFIGURATION tc"
    " ALTER MAPPING FOR word WITH simple",
    "text search: options": "ALTER TEXT SEARCH DICTIONARY td (accept = false)",
    "event trigger: whether": "ALTER EVENT TRIGGER e DISABLE",
    "publication: what": "ALTER PUBLICATION pub SET (publish = 'insert')",
    "publication: via root": "ALTER PUBLICATION pub SET (publish_via_partition_root)",
    "publication: which columns": "ALTER PUBLICATION pub SET TABLE t (id, a)",
    "publication: which rows": "ALTER PUBLICATION pub SET TABLE t WHERE (id > 3)",
    "base type: in C": "CREATE TYPE raw; CREATE FUNCTION raw_in(cstring) RETURNS raw"
    " LANGUAGE internal IMMUTABLE STRICT AS 'textin'; CREATE FUNCTION raw_out(raw)"
    " RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';;"
    " CREATE TYPE raw (INPUT = raw_in, OUTPUT = raw_out, LIKE = text)",
}


@pytest.fixture
def made(database: Database) -> Database:
    """A database with something of each."""
    statements = BEGIN.split("CREATE OPERATOR")
    database.execute(f"{statements[0]}{LESS}CREATE OPERATOR{statements[1]}")
    return database


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_behaviour_is_seen(made: Database, change: str) -> None:
    prepare, _, work = change.rpartition(";;")
    if prepare:
        made.execute(prepare)
    before = read(made.parameters).lines
    made.execute(work)
    assert read(made.parameters).lines != before


def test_a_key_of_which_no_partition_has_a_part_is_invalid(made: Database) -> None:
    made.execute("CREATE TABLE keyless (id int NOT NULL) PARTITION BY RANGE (id)")
    made.execute("CREATE TABLE keyless_1 PARTITION OF keyless DEFAULT")
    made.execute("ALTER TABLE ONLY keyless ADD CONSTRAINT k UNIQUE (id)")
    assert "unique\tkeyless\tk\t(id) invalid" in read(made.parameters).lines


@pytest.fixture
def reader(made: Database) -> Iterator[None]:
    """Somebody who reads the table, in a transaction that stays open."""
    with closing(psycopg2.connect(made.url)) as connection:
        connection.cursor().execute("SELECT FROM parent")
        yield


@pytest.mark.usefixtures("reader")
def test_a_partition_that_was_cut_off_while_it_was_detached_is_seen(made: Database) -> None:
    """Queries of the parent do not read it any more, and no new partition can take its place."""
    before = read(made.parameters).lines
    with closing(psycopg2.connect(made.url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SET lock_timeout = '300ms'; SET statement_timeout = '500ms'")
        with contextlib.suppress(psycopg2.errors.LockNotAvailable, psycopg2.errors.QueryCanceled):
            cursor.execute("ALTER TABLE parent DETACH PARTITION part CONCURRENTLY")
    found = read(made.parameters).lines - before
    (line,) = (each for each in found if each.startswith("table\t"))
    assert line.startswith("table\tpart\t\ttable, partition of parent (detach pending) FOR VALUES")


@pytest.mark.parametrize("schema", ["public", "tenant", "Odd One"])
def test_no_line_has_the_name_of_the_target_schema(database: Database, schema: str) -> None:
    """Two schemas with the same objects have the same lines."""
    quoted = f'"{schema}"'
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted}; CREATE SCHEMA other")
    found = []
    for each in (schema, "other"):
        statements = BEGIN.split("CREATE OPERATOR")
        sql = f"{statements[0]}{LESS}CREATE OPERATOR{statements[1]}"
        database.execute(f'SET search_path TO "{each}"; {sql}')
        lines = read(database.parameters, each).lines
        found.append({line for line in lines if not line.startswith("schema\t")})
        database.execute(f'DROP SCHEMA "{each}" CASCADE; DROP PUBLICATION pub')
    assert found[0] == found[1]
