"""What servers from 13 to 18 print of one thing, also after dump and restore, has one form.

The texts are as printed by those servers.
"""

import pytest

from headstart.fingerprint.catalog.expressions import (
    normal_expression,
)

DEEP = 5_000


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        (  # IN on varchar: created, and restored
            "v = ANY (ARRAY['a', 'b'])",
            [
                (
                    "((v)::text = ANY ((ARRAY['a'::character varying,"
                    " 'b'::character varying])::text[]))"
                ),
                (
                    "((v)::text = ANY (ARRAY[('a'::character varying)::text,"
                    " ('b'::character varying)::text]))"
                ),
            ],
        ),
        ("c = ANY (ARRAY['a'])", ["(c = ANY ((ARRAY['a'::bpchar])::character(3)[]))"]),
        ("c = 'a'", ["(c = 'a'::bpchar)", "(c = ('a'::character(3))::bpchar)"]),
        ("qc = 'a'::\"char\"", ["(qc = 'a'::\"char\")"]),
        ("NULL", ["NULL::character varying"]),
        ("a || b", ["((a || b))::text"]),
        ("CHECK (v = 'a') NOT VALID", ["CHECK (((v)::text = 'a'::text)) NOT VALID"]),
        (  # 13; 14 to 18
            "date_part('epoch', tz) > -1.5",
            [
                "(date_part('epoch'::text, tz) > ('-1.5'::numeric)::double precision)",
                "(EXTRACT(epoch FROM tz) > '-1.5'::numeric)",
            ],
        ),
        (
            "date_part('year', d) = ANY (ARRAY[2000, 2001])",
            [
                (
                    "(date_part('year'::text, d) = ANY (ARRAY[(2000)::double precision,"
                    " (2001)::double precision]))"
                ),
                "(EXTRACT(year FROM d) = ANY (ARRAY[(2000)::numeric, (2001)::numeric]))",
            ],
        ),
        (  # created, and restored
            "num = ANY (ARRAY[1, 2])",
            [
                "(num = ANY ((ARRAY[1, 2])::numeric[]))",
                "(num = ANY (ARRAY[(1)::numeric, (2)::numeric]))",
            ],
        ),
        ("5000000000", ["'5000000000'::bigint"]),
        ("x::integer > 5", ["((x)::integer > 5)"]),
        ("'-1'", ["'-1'::text"]),
        (
            "timezone('UTC', tz)::date = d",
            [
                "((timezone('UTC'::text, tz))::date = d)",
                "(((tz AT TIME ZONE 'UTC'::text))::date = d)",
            ],
        ),
        ("timezone(tz) < ts", ["(timezone(tz) < ts)", "((tz AT LOCAL) < ts)"]),
        (
            "substring(tx, 2, 3) = 'abc'",
            [
                "(\"substring\"(tx, 2, 3) = 'abc'::text)",
                "(SUBSTRING(tx FROM 2 FOR 3) = 'abc'::text)",
            ],
        ),
        (
            "position((tx || 'y'), (v || 'x')) > 0",
            [
                "(\"position\"((tx || 'y'::text), ((v)::text || 'x'::text)) > 0)",
                "(POSITION((((v)::text || 'x'::text)) IN ((tx || 'y'::text))) > 0)",
            ],
        ),
        (
            "overlay(tx, v, 1, 2) = 'x'",
            [
                "(\"overlay\"(tx, (v)::text, 1, 2) = 'x'::text)",
                "(OVERLAY(tx PLACING v FROM 1 FOR 2) = 'x'::text)",
            ],
        ),
        (
            "substring(v, 'a', '#')",
            [
                "\"substring\"((v)::text, 'a'::text, '#'::text)",
                "SUBSTRING(v SIMILAR 'a'::text ESCAPE '#'::text)",
            ],
        ),
        ("btrim(v)", ["btrim((v)::text)", "TRIM(BOTH FROM v)"]),
        ("ltrim(v, 'x')", ["ltrim((v)::text, 'x'::text)", "TRIM(LEADING 'x'::text FROM v)"]),
        ("rtrim(v)", ["rtrim((v)::text)", "TRIM(TRAILING FROM v)"]),
        ("overlaps(a, b, c, d)", ['"overlaps"(a, b, c, d)', "((a, b) OVERLAPS (c, d))"]),
        ("normalize(tx)", ['"normalize"(tx)', "NORMALIZE(tx)"]),
        ("normalize(tx, 'nfkc')", ["\"normalize\"(tx, 'nfkc'::text)", "NORMALIZE(tx, NFKC)"]),
        ("is_normalized(tx)", ["is_normalized(tx)", "(tx IS NORMALIZED)"]),
        (
            "NOT is_normalized(tx, 'nfkd')",
            ["(NOT is_normalized(tx, 'nfkd'::text))", "(NOT (tx IS NFKD NORMALIZED))"],
        ),
        ("pg_collation_for(tx)", ["pg_collation_for(tx)", "COLLATION FOR (tx)"]),
        (
            "xmlexists('/a', x)",
            ["\"xmlexists\"('/a'::text, x)", "XMLEXISTS(('/a'::text) PASSING (x))"],
        ),
        (
            "XMLSERIALIZE(CONTENT x AS text)",
            ["XMLSERIALIZE(CONTENT x AS text)", "XMLSERIALIZE(CONTENT x AS text NO INDENT)"],
        ),
        (  # BETWEEN ... AND ...: created, and restored
            "(a >= 1) AND (a <= 5) AND (b > 0)",
            ["(((a >= 1) AND (a <= 5)) AND (b > 0))", "((a >= 1) AND (a <= 5) AND (b > 0))"],
        ),
        ("(a < 1) OR (a > 5) OR b", ["(((a < 1) OR (a > 5)) OR b)"]),
        ("json_table > merge", ['("json_table" > "merge")', "(json_table > merge)"]),
    ],
)
def test_what_differs_between_servers_or_after_a_restore_has_one_form(
    form: str, printed: list[str]
) -> None:
    assert {normal_expression(text) for text in printed} == {form}


@pytest.mark.parametrize(
    "texts",
    [
        ["'-1'::integer", "'-1'::text"],
        ["(a AND (b AND c))", "(a AND b AND c)", "((a AND b) OR c)", "(a AND (b OR c))"],
        ["(cmp).f", "cmp.f"],
        ["(x)::date", "x", "(x)::timestamp without time zone", "(x)::timestamp with time zone"],
        ["(x = ANY (( SELECT f.a FROM f)::text[]))", "(x = ANY ( SELECT f.a FROM f))"],
        ["'a'::mood", "'a'::text", "'a'::\"char\"", "'a'::public.text", "'a'::\"character\""],
        ["a", '"A"', '"a "', '"a""b"', "'a'"],
        ["(- (x)::date)", "((- x))::date"],
        ["(a - (b - c))", "((a - b) - c)"],
        ["ROW(a, b)", "(a, b)", "f(a, b)"],
    ],
)
def test_what_is_distinct_stays_distinct(texts: list[str]) -> None:
    assert len({normal_expression(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "'it''s ::text (x)' = tx",
        "tx = E'a\\\\b\\' ::text'",
        "tx = 'EXTRACT(a FROM b)  AT TIME ZONE'",
        '"x::text" = 1',
        '" USING " = 1',
        '"we""ird::text" = 1',
        "\"new\n  line\" = 'a\n  b'",
        '"Camel" > 0',
        "B'1010' = bt",
    ],
)
def test_literals_and_quoted_names_are_no_syntax(text: str) -> None:
    assert normal_expression(f"({text})") == text


@pytest.mark.parametrize(
    ("printed", "form"),
    [
        ("(((x)::text[])[1] = 'a'::text)", "(x)[1] = 'a'"),
        ("(((cmp).g)::text = 'x'::text)", "(cmp).g = 'x'"),
        ("((ia)[1:2] = ARRAY[1])", "(ia)[1 : 2] = ARRAY[1]"),
        ("(ARRAY[ARRAY[1, 2], ARRAY[3, 4]] = ia)", "ARRAY[ARRAY[1, 2], ARRAY[3, 4]] = ia"),
        ("count(*) FILTER (WHERE (b))", "count(*) FILTER (WHERE b)"),
        ('(x COLLATE "C")', 'x COLLATE "C"'),
        ("(id OPERATOR(s2.===) 5)", "id OPERATOR(s2.===) 5"),
        ("(a,\n  b)", "(a, b)"),
        ("nextval('a_id_seq'::regclass)", "nextval('a_id_seq'::regclass)"),
        ("COALESCE((v)::text, ''::text)", "COALESCE(v, '')"),
        ("(iv)::interval day to second(3)", "iv::interval day to second(3)"),
        ("(x > '-1'::integer)", "x > -1"),
        ("(x > '1e-300'::double precision)", "x > 1e-300"),
        ("'-1e+30'::real", "-1e+30"),
        ("( SELECT max(f.a) AS max\n   FROM f)", "(SELECT max(f.a) AS max FROM f)"),
        ("( WITH q AS (SELECT 1) SELECT q.a FROM q)", "(WITH q AS (SELECT 1) SELECT q.a FROM q)"),
        ("(x  AT  TIME  ZONE  z)", "timezone(z, x)"),
        ("x AT\nLOCAL", "x AT LOCAL"),
        ("x:: date", "x::date"),
        ("now()", "now()"),
        ("", ""),
        ("(a", "(a"),
        ("a)", "a)"),
    ],
)
def test_the_form_is_sql_that_people_read(printed: str, form: str) -> None:
    assert normal_expression(printed) == form
    assert normal_expression(form) == form


@pytest.mark.parametrize(
    ("opening", "closing", "form"),
    [
        ("(", ")", "x"),
        ("(", " AND y)", "x" + " AND y" * DEEP),
        ("((", ")::text || 'a'::text)", None),
        ("(y OR ", ")", None),
        ("f(", ")", "f(" * DEEP + "x" + ")" * DEEP),
    ],
)
def test_expressions_may_nest_deep(opening: str, closing: str, form: str | None) -> None:
    text = normal_expression(opening * DEEP + "x" + closing * DEEP)
    assert text == (form or text)
    assert text.count("x") == 1
