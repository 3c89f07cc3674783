"""A difference is said by object, so that a person can read it."""

import pytest

from headstart.fingerprint.show.difference import MOST_LINES, difference, fact
from tests.unit.known import line, lines


def told(expected: str, found: str) -> list[str]:
    return difference(_lines(expected), _lines(found)).lines()


def _lines(text: str) -> frozenset[str]:
    return frozenset(line(each.strip()) for each in text.split(";") if each.strip())


def test_a_difference_as_in_the_design() -> None:
    expected = """column|runs|name|character varying(250); table|runs||table; table|params||table;
        table|trace_tags||table; column|trace_tags|key|text; column|trace_tags|request_id|text;
        column|trace_tags|value|text; pk|trace_tags|trace_tags_pkey|(key)"""
    found = """column|runs|name|text; table|runs||table; table|params||table;
        column|params|note|text"""
    shown = difference(_lines(expected), _lines(found))
    assert shown.summary() == "2 of 8 facts agree, 6 missing, 2 extra"
    assert shown.lines() == [
        "table params",
        "  + extra   column note text",
        "table runs",
        "  ~ column name: expected  character varying(250)",
        "                 found     text",
        "- missing table trace_tags (3 columns: key, request_id, value)",
    ]


@pytest.mark.parametrize(
    ("expected", "found", "shown"),
    [
        pytest.param("", "", [], id="nothing"),
        pytest.param("table|t||table", "", ["- missing table t"], id="a table without columns"),
        pytest.param(
            "",
            "table|t||table; column|t|x|text",
            ["+ extra table t (1 column: x)"],
            id="one column",
        ),
        pytest.param(
            "enum|mood||'sad', 'ok'",
            "enum|mood||'sad'",
            ["enum mood", "  ~ enum: expected  'sad', 'ok'", "          found     'sad'"],
            id="a label of an enum",
        ),
        pytest.param("enum|m||'a'", "", ["- missing enum m 'a'"], id="a whole enum"),
        pytest.param(
            "column|t|x|text", "", ["table t", "  - missing column x text"], id="a column"
        ),
        pytest.param(
            "", "index|t|i|btree(x)", ["table t", "  + extra   index i btree(x)"], id="an index"
        ),
        pytest.param(
            "table|t||table",
            "table|t||unlogged table",
            ["table t", "  ~ table: expected  table", "           found     unlogged table"],
            id="the table's own kind",
        ),
        pytest.param("extension|citext||extension", "", ["- missing extension citext"], id="ext."),
        pytest.param(
            "view|v|| SELECT 1", "", ["- missing view v  SELECT 1"], id="a view with its query"
        ),
    ],
)
def test_what_differs_is_named_by_object(expected: str, found: str, shown: list[str]) -> None:
    assert told(expected, found) == shown


def test_one_schema_has_no_difference_from_itself() -> None:
    same = difference(lines("t t.x"), lines("t t.x"))
    assert not same
    assert (same.lines(), same.summary()) == ([], "2 of 2 facts agree, 0 missing, 0 extra")
    assert difference(lines("t"), lines("t t.x"))
    assert difference(lines("t t.x"), lines("t"))


@pytest.mark.parametrize(("tables", "more"), [(60, None), (61, None), (62, "2"), (500, "440")])
def test_what_does_not_fit_on_a_screen_is_counted(tables: int, more: str | None) -> None:
    """One line more is said rather than counted: that would be no shorter."""
    shown = told("; ".join(f"table|t{number:03}||table" for number in range(tables)), "")
    if more is None:
        assert len(shown) == tables
        assert not shown[-1].startswith("...")
    else:
        assert len(shown) == MOST_LINES + 1
        assert shown[-1] == f"... and {more} lines more"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("column|jobs|progress|json", "column jobs.progress json"),
        ("table|jobs||table", "table jobs"),
        ("table|jobs||unlogged table", "table jobs: unlogged table"),
        ("enum|mood||'sad'", "enum mood: 'sad'"),
        ("extension|citext||extension", "extension citext"),
        ("function|f|(a integer)|(a integer) body 1", "function f(a integer) (a integer) body 1"),
    ],
)
def test_a_fact_for_people(written: str, shown: str) -> None:
    assert fact(line(written)) == shown
