"""A query in the normal form: its columns have no qualifier where one relation is all there is."""

import pytest

from headstart.fingerprint.catalog.expressions import normal_query


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
