"""What is shown of a statement holds nothing that somebody wrote into it as a value."""

import time
from collections.abc import Callable

import pytest

from headstart.decision.privilege import privilege_cure
from headstart.process.statement_shape import LONGEST_STATEMENT, shape_of, without_values
from headstart.revisions.made_before import _named
from headstart.revisions.transactions import _DOES_NOTHING, _ENDS

SECRET = "hunter2"
SHAPES = {
    "a string": ("UPDATE t SET a = 'hunter2'", "UPDATE t SET a = '?'"),
    "an assignment": ("password = 'hunter2' , x", "password = '?' , x"),
    "a doubled quote": ("SELECT 'it''s hunter2', b", "SELECT '?', b"),
    "an escape string": (r"SELECT E'it\'s hunter2', b", "SELECT '?', b"),
    "a unicode string": (r"SELECT U&'\0061hunter2' UESCAPE '!'", "SELECT '?' UESCAPE '?'"),
    "a national string": ("SELECT N'hunter2', B'01', X'ff'", "SELECT '?', '?', '?'"),
    "rows": (
        "INSERT INTO users (login, password) VALUES ('ann', 'hunter2'), ('bob', 'hunter2')",
        "INSERT INTO users (login, password) VALUES ('?', '?'), ('?', '?')",
    ),
    "numbers": ("VALUES (42, -1.5e10, .5, 1_000, 0xff)", "VALUES (?, -?, .?, ?, ?)"),
    "names with digits": ('SELECT t1.c2, "t 3" FROM t1', 'SELECT t1.c2, "t 3" FROM t1'),
    "dollar quotes": ("SELECT $$hunter2$$, $a$it's $$hunter2$$ $a$", "SELECT '?', '?'"),
    "format": (
        "DO $do$ BEGIN EXECUTE format('ALTER ROLE x PASSWORD %L', 'hunter2'); END $do$",
        "DO '?'",
    ),
    "a line comment": ("SELECT 1 -- hunter2\nFROM t", "SELECT ? \nFROM t"),
    "a comment": ("SELECT /* a /* hunter2 */ hunter2 */ a", "SELECT  a"),
    "a comment without an end": ("SELECT a /* it's hunter2", "SELECT a "),
    "a string without an end": ("SELECT 'hunter2 and more", "SELECT '?' …"),
    "an escape string without an end": ("SELECT E'hunter2\\", "SELECT E'?' …"),
    "dollar quotes without an end": ("SELECT $x$ 'hunter2'", "SELECT '?' …"),
    "a backslash before a quote": (r"SELECT 'it\'s', hunter2, '", "SELECT '?' …"),
    "data": ("COPY t FROM STDIN;\n1\thunter2\n\\.", "COPY t FROM STDIN …"),
    "data and options": ("COPY t (a) FROM stdin WITH CSV;\nhunter2", "COPY t (a) FROM stdin …"),
    "a file": ("COPY t FROM '/tmp/hunter2'", "COPY t FROM '?'"),
    "parameters": ("SELECT %(a)s, :b, $1, %s", "SELECT %(a)s, :b, $?, %s"),
    "a cast": ("SELECT 'hunter2'::text || '{\"a\": 1}'::jsonb", "SELECT '?'::text || '?'::jsonb"),
    "a table of one": ("CREATE TABLE t (id varchar(32))", "CREATE TABLE t (id varchar(?))"),
    "a quote in a password": ("ALTER ROLE x PASSWORD 'it's-hunter2'", "ALTER ROLE x PASSWORD …"),
    "a quote in a value": ("UPDATE t SET a = 'it's-hunter2' , b", "UPDATE t SET a = '?' …"),
    "two quotes in a value": ("UPDATE t SET a = 'it's-hunter2's' , b", "UPDATE t SET a = '?' …"),
    "a quote in a later one": ("VALUES ('a', 'b's hunter2')", "VALUES ('?' …"),
    "a password without quotes": ("CREATE USER x PASSWORD hunter2", "CREATE USER x PASSWORD …"),
    "one in double quotes": ('ALTER ROLE x PASSWORD "hunter2"', "ALTER ROLE x PASSWORD …"),
    "one that is encrypted": (
        "alter user x encrypted password hunter2 valid until 'x'",
        "alter user x encrypted password …",
    ),
    "one of a mapping": (
        "CREATE USER MAPPING FOR x SERVER s OPTIONS (password hunter2)",
        "CREATE USER MAPPING FOR x SERVER s OPTIONS (password …",
    ),
    "a column of that name": (
        "CREATE TABLE t (password varchar, a int)", "CREATE TABLE t (password varchar, a int)"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "shape"), SHAPES.values(), ids=SHAPES.keys())
def test_a_statements_shape_has_no_literal_and_no_comment(sql: str, shape: str) -> None:
    assert shape_of(sql) == shape


@pytest.mark.parametrize(("sql", "_"), SHAPES.values(), ids=SHAPES.keys())
def test_nor_has_one_that_is_cut_anywhere(sql: str, _: str) -> None:
    """Behind what is read may be the end of a literal."""
    for before in range(len(sql)):
        text = " " * (LONGEST_STATEMENT - before) + sql
        assert SECRET[:-1] not in shape_of(text)


def test_a_cut_is_told_with_the_length() -> None:
    shown = shape_of("SELECT " + "a, " * 10_000 + "'hunter2'")
    assert shown.endswith("… (cut, 30,016 characters)")


MESSAGES = [
    ('invalid input syntax for type integer: "hunter2"', "22P02", True),
    ('invalid input syntax for type integer: "hunter2', "22P02", True),
    ('date/time field value out of range: "hunter2 "a" b"', "22008", True),
    ("ungültige Eingabesyntax für Typ integer: „hunter2“", "22P02", True),
    ('unterminated quoted string at or near "\'hunter2"', "42601", True),
    ('unterminated dollar-quoted string at or near "$$hunter2"', "42601", True),
    ("syntax error at or near \"E'hunter2'\"", "42601", True),
    ('syntax error at or near "SELCT"', "42601", False),
    ('relation "hunter2" does not exist', "42P01", False),
    ('duplicate key value violates unique constraint "hunter2"', "23505", False),
    ("division by zero", "22012", False),
    ("invalid input for query argument $1: 'hunter2' ('str' object ...)", None, True),
    ("hunter2", None, False),
]


@pytest.mark.parametrize(("message", "sqlstate", "hidden"), MESSAGES)
def test_a_servers_message_is_shown_without_a_value_that_it_quotes(
    message: str, sqlstate: str | None, hidden: bool
) -> None:
    shown = without_values(message, sqlstate)
    assert (shown == message) is not hidden
    assert not hidden or SECRET not in shown


UNITS = [
    "'", "E'\\", "$$", "$a", "/*", "*/", "--", "\n", " ", '"', "1e", "%", "x", "U&'", "„", "$a$ ",
    "/* a */ ", "-- b\n", "AS ( ", "ON ", 'FROM "',
]  # fmt: skip
READERS: dict[str, Callable[[str], object]] = {
    "shape": shape_of,
    "message": lambda text: without_values(text, "22P02"),
    "names": lambda text: list(_named(text)),
    "privilege": lambda text: privilege_cure(f"CREATE TABLE x AS {text}", "r", "d"),
    "owned": lambda text: privilege_cure(f"{text} CREATE INDEX x {text}", "r", "d"),
    "ends": _ENDS.match,
    "does nothing": _DOES_NOTHING.match,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("unit", UNITS)
def test_the_time_to_read_hostile_text_does_not_grow_faster_than_it(
    unit: str, reader: Callable[[str], object]
) -> None:
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        started = time.process_time()
        reader(text)
        return time.process_time() - started

    short = max(min(seconds(100_000) for _ in range(3)), 0.002)
    assert min(seconds(1_000_000) for _ in range(2)) < 12 * short + 0.01
