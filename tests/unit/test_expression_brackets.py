"""Brackets, casts and names in the normal form: which of them mean nothing, and which stay."""

import pytest

from headstart.fingerprint.catalog.expressions import normal_definition, normal_expression

NO_PLAIN_NAMES = [
    "bigint", "boolean", "char", "character", "false", "integer", "real", "smallint", "true",
]  # fmt: skip

GROUPING = [
    "AND", "AT TIME ZONE", "BOTH", "BY", "CASE", "CHECK", "DISTINCT", "ELSE", "ESCAPE", "FOR",
    "FROM", "HAVING", "JOIN", "LATERAL", "LEADING", "LIMIT", "NOT", "OFFSET", "ON", "OR",
    "OVERLAPS", "PLACING", "SELECT", "SIMILAR", "THEN", "TRAILING", "VARIADIC", "WHEN", "WHERE",
]  # fmt: skip

SPACED = [
    "ALL", "ANY", "AS", "COLUMNS", "CUBE", "DEFAULT", "DISTINCT ON", "EXCEPT", "EXISTS",
    "FILTER", "GROUP", "IN", "INCLUDE", "INTERSECT", "KEY", "MATERIALIZED", "OVER", "PASSING",
    "PATH", "ROLLUP", "SETS", "SOME", "UNION", "UNIQUE", "USING", "VALUES", "WITH",
]  # fmt: skip


@pytest.mark.parametrize(
    ("printed", "form"),
    [
        ("(a, b)", "(a, b)"),
        ("(a)", "(a)"),
        ("((id)::text)", "(id)"),
        ("(((id)::text), lower((b)::text))", "((id), lower(b))"),
        (
            "(((a)::text) text_pattern_ops, ((b)::text) DESC)",
            "((a) text_pattern_ops, (b) DESC)",
        ),
        (
            '(((a)::text) "Ops", ((b)::text) COLLATE "C", ((c)::text) NULLS FIRST)',
            '((a) "Ops", (b) COLLATE "C", (c) NULLS FIRST)',
        ),
        ("USING gist (((a)::text) WITH =)", "USING gist((a) WITH =)"),
        ("(f((a)), ((b)::text))", "(f(a), (b))"),
        ("(POSITION(('a'::text) IN (v)))", "(position(v, 'a'))"),
        ("POSITION(('a'::text) IN (v))", "position(v, 'a')"),
        (
            'FOREIGN KEY ("local") REFERENCES jobs(id) ON DELETE CASCADE',
            "FOREIGN KEY (local) REFERENCES jobs(id) ON DELETE CASCADE",
        ),
        (
            "CREATE INDEX k ON public.t USING btree (a) WHERE ((v)::text = 'a'::text)",
            "CREATE INDEX k ON public.t USING btree(a) WHERE (v = 'a')",
        ),
        (
            (
                "CREATE TRIGGER k BEFORE UPDATE ON public.t FOR EACH ROW"
                " WHEN (((old.v)::text IS DISTINCT FROM (new.v)::text))"
                " EXECUTE FUNCTION trg('a', 'b''c')"
            ),
            (
                "CREATE TRIGGER k BEFORE UPDATE ON public.t FOR EACH ROW"
                " WHEN (old.v IS DISTINCT FROM new.v) EXECUTE FUNCTION trg('a', 'b''c')"
            ),
        ),
    ],
)
def test_a_definition_keeps_the_brackets_of_lists_and_their_elements(
    printed: str, form: str
) -> None:
    assert normal_definition(printed) == form


@pytest.mark.parametrize(
    "cast",
    [
        "text",
        "text[]",
        "character varying",
        "character varying(5)[]",
        "character(3)",
        "character(3)[]",
        "bpchar",
        "varchar",
    ],
)
def test_casts_to_text_are_dropped(cast: str) -> None:
    assert normal_expression(f"((x)::{cast} = ('a'::{cast}))") == "x = 'a'"


@pytest.mark.parametrize(
    "cast",
    ["integer", "bigint", "smallint", "real", "double precision", "numeric", "numeric(10,2)"],
)
def test_numbers_lose_their_casts_and_others_keep_them(cast: str) -> None:
    printed = f"((x)::{cast} = ANY (ARRAY[(1.5)::{cast}, '-1e5'::{cast}]))"
    assert normal_expression(printed) == f"x::{cast} = ANY (ARRAY[1.5, -1e5])"


@pytest.mark.parametrize(
    "cast",
    [
        "bit varying(5)",
        "timestamp(3) without time zone",
        "time with time zone",
        "interval day to second(3)",
        "interval year",
        "public.geometry(Point,4326)",
        "mood[]",
        '"Odd Type"[]',
    ],
)
def test_a_type_of_several_words_is_one_atom(cast: str) -> None:
    assert normal_expression(f"(f(((x)::{cast})))") == f"f(x::{cast})"


@pytest.mark.parametrize("name", NO_PLAIN_NAMES)
def test_a_name_that_would_be_something_else_keeps_its_quotes(name: str) -> None:
    assert normal_expression(f'("{name}" > 0)') == f'"{name}" > 0'


@pytest.mark.parametrize("keyword", GROUPING)
def test_brackets_behind_a_keyword_of_expressions_go(keyword: str) -> None:
    assert normal_definition(f"y {keyword} (x)") == f"y {keyword} x"


@pytest.mark.parametrize("keyword", SPACED)
def test_brackets_behind_other_keywords_stay(keyword: str) -> None:
    assert normal_definition(f"y {keyword} (x)") == f"y {keyword} (x)"
