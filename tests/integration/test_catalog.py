"""What is read of a schema, whatever its objects are called, and which privileges that takes."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.catalog.query import Reading, statements
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect
from headstart.verdict.errors import AccessRefused
from tests.harness.proxy import MessageCounter
from tests.harness.server import ROLE_PASSWORD, Database, a_role
from tests.integration.schema_reading import VERSION_TABLE, identifier, read

NAMES = {
    "tab": "a\tb",
    "forged line": "x\ncolumn\tusers\tid\tinteger",
    "carriage return": "a\rb",
    "quotes": "a\"b'c`d",
    "backslash": "a\\b\\\\9;c",
    "escape": "\\9;",
    "terminal": "\x1b[31mred\x1b]0;title\x07",
    "control": "\x01\x08\x0b\x7f\x85\x9b",
    "bidi": "a\u202eb\u2066c\u200fd",
    "invisible": "a\u200bb\ufeffc\u2060d\u00ade",
    "separators": "a\u2028b\u2029c",
    "tag": "a\U000e0041b",
    "dot": "a.b",
    "spaces": " a  b ",
    "percent": "100%s %(x)s",
    "brackets": "a) WITH (b = c) INCLUDE (",
    "dollar": "$a$",
    "longest": "ü" * 31 + "x",
}
KINDS = Counter(
    {"column": 5, "check": 2, "function": 2}
    | dict.fromkeys(("enum", "domain", "table", "pk", "index", "trigger", "policy", "view"), 1)
)
"""How many lines of each kind make_everything makes, whatever the name."""
DEEPEST = 4000


def make_everything(database: Database, name: str) -> None:
    """Make objects of each kind, whose parts have this name."""
    full, text = identifier(name), literal(name)
    kind = {each: identifier(name[:20] + each) for each in "edpiv"}
    database.execute(f"""
        CREATE TYPE {kind["e"]} AS ENUM ({text});
        CREATE DOMAIN {kind["d"]} AS text CONSTRAINT {full} CHECK (VALUE <> {text});
        CREATE TABLE {full} (
            {full} serial CONSTRAINT {kind["p"]} PRIMARY KEY,
            other int GENERATED ALWAYS AS IDENTITY,
            words text DEFAULT {text} CONSTRAINT {full} CHECK (words <> {text})
        );
        CREATE INDEX {kind["i"]} ON {full} ({full}) WHERE words <> {text};
        CREATE FUNCTION {full}({full} int) RETURNS int LANGUAGE plpgsql AS 'BEGIN END';
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE TRIGGER {full} BEFORE UPDATE ON {full} FOR EACH ROW EXECUTE FUNCTION touch({text});
        CREATE POLICY {full} ON {full} USING (words = {text});
        CREATE VIEW {kind["v"]} AS SELECT {full}, {text}::text AS t FROM {full};
    """)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_no_name_forges_a_line_or_reaches_a_terminal_raw(database: Database, name: str) -> None:
    make_everything(database, name)
    lines = read(database.parameters).lines
    assert Counter(line.split("\t")[0] for line in lines) == KINDS
    for line in lines:
        fields = line.split("\t")
        assert len(fields) == 4
        for field in fields:
            assert not [c for c in field if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
        assert split_name(fields[1])[0] == ""
    tables = [split_name(line.split("\t")[1])[1] for line in lines if line[:6] == "table\t"]
    assert tables == [name]
    (column,) = (line for line in lines if line.startswith("column\t") and "serial" in line)
    assert column.endswith("\tinteger not null serial")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_an_object_is_found_by_the_name_that_its_line_has(database: Database, name: str) -> None:
    make_everything(database, name)
    database.execute("CREATE TABLE decoy (id int)")
    every = read(database.parameters).lines
    names = frozenset(line.split("\t")[1] for line in every) - {"decoy"}
    found = read(database.parameters, names=names)
    assert found.others == ("decoy",)
    assert found.lines == {line for line in every if line.split("\t")[1] != "decoy"}


def literal(text: str) -> str:
    """A text in SQL; not the code under test."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def ors(depth: int) -> str:
    text = "a = 0"
    for number in range(depth):
        text = f"({text} {('AND', 'OR')[number % 2]} a = {number})"
    return text


def calls(depth: int) -> str:
    return f"{'abs(' * depth}a{')' * depth} > 0"


def cases(depth: int) -> str:
    return f"{'CASE WHEN a > 1 THEN (' * depth}a{') ELSE 0 END' * depth} > 0"


def sums(depth: int) -> str:
    return " + ".join(["a"] * depth) + " > 0"


@pytest.mark.parametrize("expression", [ors, sums, cases, calls])
def test_an_expression_may_be_as_deep_as_the_server_lets_it(
    database: Database, expression: Callable[[int], str]
) -> None:
    depth = DEEPEST // 4 if expression is cases else DEEPEST
    for name, more in (("one", 0), ("two", 2), ("three", 0)):
        database.execute(f"CREATE TABLE {name} (a int, CHECK ({expression(depth + more)}))")
    lines = read(database.parameters).lines
    details = {line.split("\t")[1]: line.split("\t")[3] for line in lines if line[:6] == "check\t"}
    assert details["one"] == details["three"]
    assert details["one"] != details["two"]


def test_what_an_extension_owns_and_what_is_temporary_is_not_read(database: Database) -> None:
    database.execute("CREATE SCHEMA apart; CREATE EXTENSION vector SCHEMA apart")
    database.execute("CREATE TABLE ours (id serial, place apart.vector(3))")
    expected = read(database.parameters)
    assert "extension\tvector\t\textension" in expected.lines
    assert "column\tours\tplace\tvector(3)" in expected.lines
    assert {line.split("\t")[1] for line in expected.lines} == {"ours", "vector", "apart"}
    database.execute("""
        CREATE TABLE theirs (id int PRIMARY KEY, n int CHECK (n > 0));
        CREATE TYPE their_mood AS ENUM ('a');
        CREATE FUNCTION their() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE VIEW their_view AS SELECT id FROM theirs; CREATE SEQUENCE their_numbers;
    """)
    for each in ("TABLE theirs", "TYPE their_mood", "FUNCTION their()", "VIEW their_view",
                 "SEQUENCE their_numbers"):  # fmt: skip
        database.execute(f"ALTER EXTENSION vector ADD {each}")
    with connect(database.parameters, "headstart's tests") as connection:
        connection.execute("CREATE TEMP TABLE ours (other int); CREATE TEMP VIEW seen AS SELECT 1")
        connection.execute("CREATE TYPE pg_temp.ours_mood AS ENUM ('a')")
        found = Catalog(connection).read(Reading("public", VERSION_TABLE))
    assert found == expected


def test_the_version_table_is_not_read(database: Database) -> None:
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    assert read(database.parameters).lines == frozenset()
    assert read(database.parameters).others == ()


@pytest.fixture
def low(database: Database) -> Iterator[dict[str, str]]:
    """The parameters of a role that may do nothing but connect."""
    database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    database.execute("""
        CREATE SCHEMA "Ten ant";
        SET search_path TO "Ten ant";
        CREATE TYPE mood AS ENUM ('a');
        CREATE TABLE a (id serial PRIMARY KEY, n text CHECK (n <> ''), m mood DEFAULT 'a');
        CREATE TABLE b (id int REFERENCES a);
        CREATE VIEW v AS SELECT id, n FROM a;
        CREATE MATERIALIZED VIEW w AS SELECT id FROM a;
        CREATE INDEX ON a (lower(n)) WHERE id > 3;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW WHEN (OLD.n <> 'x') EXECUTE FUNCTION f();
        ALTER TABLE a ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON a USING (n = 'x');
        REVOKE ALL ON FUNCTION f() FROM PUBLIC;
        REVOKE ALL ON TYPE mood FROM PUBLIC;
    """)
    with a_role(database, "low") as role:
        yield database.parameters | {"user": role, "password": ROLE_PASSWORD}


def test_a_role_needs_connect_and_usage_and_no_more(
    database: Database, low: dict[str, str]
) -> None:
    expected = read(database.parameters, "Ten ant")
    with pytest.raises(AccessRefused) as refused:
        read(low, "Ten ant")
    assert 'GRANT USAGE ON SCHEMA "Ten ant" TO' in refused.value.next_step.replace(" to ", " TO ")
    database.execute(f'GRANT USAGE ON SCHEMA "Ten ant" TO {low["user"]}')
    found = read(low, "Ten ant")
    assert (found.lines, found.schema) == (expected.lines, expected.schema)


def test_a_schema_that_is_not_ours_may_stay_closed(database: Database, low: dict[str, str]) -> None:
    database.execute("CREATE SCHEMA closed; CREATE TABLE closed.a (id int)")
    database.execute(f'GRANT USAGE ON SCHEMA "Ten ant" TO {low["user"]}')
    assert read(low, "Ten ant", frozenset({"a", "b"})).lines


def test_one_message_reads_it_all(database: Database) -> None:
    """One round trip: over a slow line nothing else counts."""
    database.execute("CREATE TABLE a (id serial PRIMARY KEY); CREATE VIEW v AS SELECT id FROM a")
    given = database.parameters
    with MessageCounter(given["host"], int(given["port"])) as counter:
        through = given | {"port": str(counter.port), "sslmode": "disable", "gssencmode": "disable"}
        with connect(through, "headstart's tests") as connection:
            before = counter.sent.copy()
            lines = Catalog(connection).read(Reading(None, VERSION_TABLE)).lines
            assert counter.sent - before == {"Q": 1}
    assert lines == read(given).lines


def test_a_read_of_nothing_is_a_snapshot(database: Database) -> None:
    found = read(database.parameters)
    assert (found.lines, found.others, found.schema) == (frozenset(), (), "public")


def test_the_rows_of_the_catalog_are_those_of_the_example_in_catalog_rows(
    database: Database,
) -> None:
    database.execute("CREATE TABLE jobs (id serial PRIMARY KEY)")
    with connect(database.parameters, "headstart's tests") as connection:
        reading = Reading("public", VERSION_TABLE)
        *before, select = statements(reading, connection.server_version)
        connection.execute(f"BEGIN; {'; '.join(before)}")
        rows = connection.execute(select)
    sequence = ("sequence", "", "jobs_id_seq", "a", "jobs_id_seq", "integer 1 1 2147483647 1 1 f")
    assert {tuple(row) for row in rows} == {
        ("target", "", "public", "", None, None, None, None),
        ("table", "", "jobs", "", "rp--", None, None, None),
        ("column", "", "jobs", "id", "integer", "nextval('jobs_id_seq'::regclass)", "N--r", None),
        ("pk", "", "jobs", "jobs_pkey", "PRIMARY KEY (id)", None, None, None),
        (*sequence, '["", "jobs", "id"]', None),
    }
