"""What servers from 13 to 18 print of one thing, also after dump and restore, has one form.

The texts are as printed by those servers.
"""

import pytest

from headstart.fingerprint.catalog.expressions import (
    normal_definition,
    normal_expression,
    normal_query,
)

DEEP = 5_000

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
    ("form", "up_to_15", "from_16"),
    [
        (
            'SELECT id AS v, "we""ird" FROM t WHERE (v = \'a\') ORDER BY v DESC',
            (
                ' SELECT t.id AS v,\n    t."we""ird"\n   FROM t\n'
                "  WHERE ((t.v)::text = 'a'::text)\n  ORDER BY t.v DESC;"
            ),
            (
                ' SELECT id AS v,\n    "we""ird"\n   FROM t\n'
                "  WHERE ((v)::text = 'a'::text)\n  ORDER BY v DESC;"
            ),
        ),
        (
            "SELECT v FROM t WHERE (id IN (SELECT o.id FROM o WHERE (o.v = t.v)))",
            (
                " SELECT t.v\n   FROM t\n  WHERE (t.id IN ( SELECT o.id\n           FROM o\n"
                "          WHERE (o.v = t.v)));"
            ),
            (
                " SELECT v\n   FROM t\n  WHERE (id IN ( SELECT o.id\n           FROM o\n"
                "          WHERE (o.v = t.v)));"
            ),
        ),
        (
            "SELECT a FROM (SELECT t.id AS a FROM (t JOIN o ON (o.id = t.id))) s",
            " SELECT s.a\n   FROM ( SELECT t.id AS a\n   FROM (t JOIN o ON ((o.id = t.id)))) s;",
            " SELECT a\n   FROM ( SELECT t.id AS a\n   FROM (t JOIN o ON ((o.id = t.id)))) s;",
        ),
        (
            "SELECT a, n FROM unnest(ARRAY['x']) WITH ORDINALITY u(a, n)",
            " SELECT u.a,\n    u.n\n   FROM unnest(ARRAY['x'::text]) WITH ORDINALITY u(a, n);",
            " SELECT a,\n    n\n   FROM unnest(ARRAY['x'::text]) WITH ORDINALITY u(a, n);",
        ),
        (
            'SELECT "Id" FROM t "FROM" TABLESAMPLE bernoulli(10) LIMIT 5',
            ' SELECT "FROM"."Id"\n   FROM t "FROM" TABLESAMPLE bernoulli (10)\n LIMIT 5;',
            ' SELECT "Id"\n   FROM t "FROM" TABLESAMPLE bernoulli (10)\n LIMIT 5;',
        ),
        (
            "SELECT s2.ff(id) AS f, row_to_json(s2.*) AS j FROM s2.far s2",
            " SELECT s2.ff(s2.id) AS f,\n    row_to_json(s2.*) AS j\n   FROM s2.far s2;",
            " SELECT s2.ff(id) AS f,\n    row_to_json(s2.*) AS j\n   FROM s2.far s2;",
        ),
        (
            "WITH x AS (SELECT t.id FROM t) SELECT id FROM x",
            " WITH x AS (\n         SELECT t.id\n   FROM t\n        )\n SELECT x.id\n   FROM x;",
            " WITH x AS (\n         SELECT t.id\n   FROM t\n        )\n SELECT id\n   FROM x;",
        ),
    ],
)
def test_the_columns_of_a_query_on_one_relation_have_no_qualifier(
    form: str, up_to_15: str, from_16: str
) -> None:
    assert normal_query(up_to_15) == normal_query(from_16) == form


@pytest.mark.parametrize(
    "clause",
    [
        "WHERE f(x)",
        "GROUP BY f(x)",
        "HAVING f(x)",
        "WINDOW w AS (PARTITION BY x)",
        "ORDER BY f(x)",
        "LIMIT f(1)",
        "OFFSET f(1)",
        "FETCH FIRST f(1) ROWS WITH TIES",
    ],
)
def test_what_comes_after_from_names_no_relation(clause: str) -> None:
    qualified = clause.replace("x", "t.x")
    assert normal_query(f" SELECT t.x\n   FROM t\n  {qualified};") == f"SELECT x FROM t {clause}"


@pytest.mark.parametrize(
    "subquery", ["SELECT t.x", "VALUES (t.x)", "WITH q AS (SELECT 1) SELECT t.x"]
)
def test_a_subquery_keeps_the_qualifiers(subquery: str) -> None:
    query = f"SELECT ({subquery}) AS a FROM t"
    assert normal_query(query) == query


@pytest.mark.parametrize("text", ["SELECT a) FROM t", "SELECT (a FROM t", "SELECT a FROM t (", ""])
def test_a_text_that_no_server_prints_stays(text: str) -> None:
    assert normal_query(text) == text


def test_a_schema_named_as_the_relation_stays() -> None:
    query = 'SELECT (v COLLATE s2."X") AS v FROM s2.far s2'
    assert normal_query(query) == query


@pytest.mark.parametrize(
    "query",
    [
        "SELECT t.id, o.v FROM (t JOIN other o ON (o.id = t.id))",
        "SELECT o.id FROM t, other o",
        "SELECT t.id FROM t INTERSECT SELECT t.id FROM t",
        "SELECT t.id FROM t EXCEPT SELECT t.id FROM t",
        "SELECT t.id FROM t UNION ALL SELECT t.id FROM t",
        "SELECT j.id FROM (t JOIN other USING (id)) j",
        "SELECT t.id FROM t UNION SELECT other.id FROM other",
        "VALUES (1), (2)",
        "SELECT DISTINCT ON (t.v) t.v FROM t, o",
    ],
)
def test_the_columns_of_other_queries_keep_theirs(query: str) -> None:
    assert normal_query(f" {query};") == query


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
