"""The normal form: rows as query.py gives them become the same lines on every server.

What becomes of expressions is in test_expressions.py.
"""

import pytest

from headstart.fingerprint.catalog.normal_form import is_torn, snapshot_of
from headstart.fingerprint.file.states import Fingerprints
from tests.unit.rows import form, row


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("table||t||rp--", "table|t||table", id="table"),
        pytest.param("table||t||ru--", "table|t||unlogged table", id="unlogged"),
        pytest.param("table||T x||rp--", 'table|"T x"||table', id="a name to quote"),
        pytest.param("table|shop|t||rp--", "table|shop.t||table", id="another schema"),
        pytest.param("table||a@b||rp--", r'table|"a\9;b"||table', id="a name with a tab"),
        pytest.param("table||t||rpR-", "table|t||table, row level security", id="row security"),
        pytest.param("table||t||rpRF", "table|t||table, forced row level security", id="forced"),
        pytest.param("table||t||rp-F", "table|t||table", id="forced, but not enabled"),
        pytest.param(
            "table||t||pp--|RANGE (at)", "table|t||partitioned table, by RANGE(at)", id="parts"
        ),
        pytest.param(
            "table||t1||rp--|~|t|FOR VALUES IN (1)",
            "table|t1||table, partition of t FOR VALUES IN (1)",
            id="a partition",
        ),
        pytest.param("table||t||rp--|~|p, q", "table|t||table, inherits p, q", id="inherits"),
        pytest.param(
            "table||t||rpR-, of pair, replica identity full",
            "table|t||table, row level security, of pair, replica identity full",
            id="typed, and what replicas get",
        ),
        pytest.param("unique||t|u|UNIQUE (a)| invalid", "unique|t|u|(a) invalid", id="invalid key"),
        pytest.param(
            "fk||t|f|FOREIGN KEY (x) REFERENCES u(id)| disabled",
            "fk|t|f|(x) REFERENCES u(id) disabled",
            id="a foreign key whose triggers are off",
        ),
        pytest.param(
            "rule||t|r|CREATE RULE r AS\n    ON INSERT TO public.t DO INSTEAD NOTHING;|O",
            "rule|t|r|ON INSERT DO INSTEAD NOTHING",
            id="rule",
        ),
        pytest.param(
            'rule||T x|R y|CREATE RULE "R y" AS\n    ON UPDATE TO "T x"\n'
            "   WHERE (new.a > 1) DO  DELETE FROM u\n  WHERE (u.a = old.a);|D",
            'rule|"T x"|"R y"|ON UPDATE WHERE (new.a > 1) DO DELETE FROM u WHERE (u.a = old.a)'
            " disabled",
            id="rule with a condition",
        ),
        pytest.param(
            "statistics||t|s|dfm|a, b|~|~",
            "statistics|t|s|(ndistinct, dependencies, mcv) on a, b",
            id="statistics",
        ),
        pytest.param(
            'statistics||t|s|e|~|["(a + b)", "lower(w)"]|apart',
            "statistics|t|s|on (a + b), (lower(w)) in schema apart",
            id="statistics of expressions",
        ),
        pytest.param(
            "published||p|t|a, b|(a > 1)", "published|p|t|(a, b) where (a > 1)", id="published"
        ),
        pytest.param("published||p|t|~|~", "published|p|t|all columns", id="all of it published"),
        pytest.param(
            "operator||%%|integer, text|function f(integer,text)",
            r'operator|"%%"|(integer, text)|function f(integer,text)',
            id="operator",
        ),
        pytest.param("table||t||fp--|away", "table|t||foreign table, server away", id="foreign"),
        pytest.param("column||t|x|text|~|---", "column|t|x|text", id="column"),
        pytest.param("column||t|X|text|~|N--", 'column|t|"X"|text not null', id="not null"),
        pytest.param("column||t|x|text|~|---|C", 'column|t|x|text collate "C"', id="collation"),
        pytest.param("column||t|x|integer|5|---", "column|t|x|integer default 5", id="default"),
        pytest.param(
            "column||t|x|integer|(y + 1)|--s",
            "column|t|x|integer generated (y + 1) stored",
            id="generated",
        ),
        pytest.param(
            "column||t|x|integer|(y + 1)|--v",
            "column|t|x|integer generated (y + 1) virtual",
            id="virtual, on 18",
        ),
        pytest.param(
            "column||t1|id|integer|~|Na-",
            "column|t1|id|integer not null",
            id="the identity of a partition's column from 17 on",
        ),
        pytest.param("pk||t|t_pkey|PRIMARY KEY (id)", "pk|t|t_pkey|(id)", id="primary key"),
        pytest.param("unique||t|u|UNIQUE (a, b)", "unique|t|u|(a, b)", id="unique"),
        pytest.param(
            "fk||t|f|FOREIGN KEY (x) REFERENCES u(id) ON DELETE CASCADE",
            "fk|t|f|(x) REFERENCES u(id) ON DELETE CASCADE",
            id="foreign key",
        ),
        pytest.param(
            "check||t|c|CHECK ((x > 0)) NOT VALID", "check|t|c|x > 0 not valid", id="not valid"
        ),
        pytest.param(
            "check||t|c|CHECK ((x > 0)) NO INHERIT", "check|t|c|x > 0 no inherit", id="no inherit"
        ),
        pytest.param(
            "check||t|c|CHECK ((x > 0)) NO INHERIT NOT ENFORCED",
            "check|t|c|x > 0 no inherit not enforced",
            id="not enforced, on 18",
        ),
        pytest.param(
            "index||t|i|CREATE INDEX i ON public.t USING btree (x)|--",
            "index|t|i|btree(x)",
            id="index",
        ),
        pytest.param(
            "index||t|i|CREATE UNIQUE INDEX i ON public.t USING btree (x) WHERE (y > 0)|U-",
            "index|t|i|unique btree(x) WHERE (y > 0)",
            id="unique and partial",
        ),
        pytest.param(
            'index||t USING|a USING|CREATE INDEX "a USING" ON "t USING" USING gin (x)|--',
            'index|"t USING"|"a USING"|gin(x)',
            id="a name that could mislead",
        ),
        pytest.param(
            "index||t|i|CREATE INDEX i ON t USING btree (x) WITH (fillfactor='70') WHERE y|--",
            "index|t|i|btree(x) WHERE y",
            id="storage parameters are no part of it",
        ),
        pytest.param(
            "index||t|i|CREATE INDEX i ON t USING btree (x) WHERE (y = ' WITH (a)'::text)|--",
            "index|t|i|btree(x) WHERE (y = ' WITH (a)')",
            id="but a text that looks like them is",
        ),
        pytest.param(
            "index||t|i|CREATE INDEX i ON t USING btree (x)|-I",
            "index|t|i|btree(x) invalid",
            id="an index that CREATE INDEX CONCURRENTLY left behind",
        ),
        pytest.param(
            "trigger||t|g|CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()|O",
            "trigger|t|g|AFTER INSERT FOR EACH ROW EXECUTE FUNCTION f()",
            id="trigger",
        ),
        pytest.param(
            'trigger||t|g|CREATE TRIGGER "g ON x" AFTER INSERT ON "s"."t"'
            " FOR EACH ROW EXECUTE FUNCTION f()|D",
            "trigger|t|g|AFTER INSERT FOR EACH ROW EXECUTE FUNCTION f() disabled",
            id="disabled, with the name of the deployment's schema",
        ),
        pytest.param(
            "policy||t|p|select|~|(x = 1)|~", "policy|t|p|select to public using (x = 1)", id="all"
        ),
        pytest.param(
            "policy||t|p|insert restrictive|app, web|~|(x = 1)",
            "policy|t|p|insert restrictive to app, web with check (x = 1)",
            id="policy for roles",
        ),
        pytest.param("view||v|| SELECT 1 AS x;", "view|v||SELECT 1 AS x", id="view"),
        pytest.param(
            "view||v|| SELECT 1 AS x;|security_invoker=true",
            "view|v||with (security_invoker=true) SELECT 1 AS x",
            id="view with options",
        ),
        pytest.param("matview||v|| SELECT 1 AS x;", "matview|v||SELECT 1 AS x", id="matview"),
        pytest.param("composite||c||x integer, y text", "composite|c||x integer, y text", id="row"),
        pytest.param("enum||mood||'sad', 'ok'|~|-", "enum|mood||'sad', 'ok'", id="enum"),
        pytest.param(
            "domain||d||text|'x'::text|N|C",
            "domain|d||text collate \"C\" not null default 'x'",
            id="domain",
        ),
        pytest.param("check||d|d_check|CHECK ((VALUE > 0))", "check|d|d_check|VALUE > 0", id="its"),
        pytest.param("range||r||double precision|~|-", "range|r||double precision", id="range"),
        pytest.param("extension||citext|", "extension|citext||extension", id="extension"),
        pytest.param("schema||shop|", "schema|shop||schema", id="schema"),
        pytest.param(
            "sequence||numbers|~|numbers|bigint 1 1 9223372036854775807 1 1 f|~",
            "sequence|numbers||bigint",
            id="sequence",
        ),
        pytest.param(
            "sequence||numbers|~|numbers|bigint 5 1 100 7 20 t|~",
            "sequence|numbers||bigint, increment 5, maxvalue 100, start 7, cache 20, cycle t",
            id="sequence with parameters",
        ),
        pytest.param(
            "sequence||down|~|down|integer -1 -2147483648 -1 -1 1 f|~",
            "sequence|down||integer, increment -1",
            id="sequence downwards",
        ),
    ],
)
def test_one_row_is_one_fact(given: str, expected: str) -> None:
    assert form(given) == [expected]


@pytest.mark.parametrize("kind", ["v", "m"])
@pytest.mark.parametrize("number", ["numeric", "double precision"])
def test_what_extract_gives_is_a_number_in_every_view(kind: str, number: str) -> None:
    """numeric from 14 on."""
    found = snapshot_of([["column", "", "v", "year", number, None, f"---{kind}", None]])
    assert found.lines == {"column\tv\tyear\tnumber"}


@pytest.mark.parametrize(
    "torn",
    [
        ["column", "", "t", "x", "???", None, "---r", None],
        ["column", "", "t", "x", "integer", None, "--sr", None],
        ["index", "", "t", "i", None, "--", None, None],
        ["fk", "", "t", "k", None, None, None, None],
        ["sequence", "", "s", "a", "16412", "bigint 1 1 9 1 1 f", None, None],
    ],
)
def test_a_row_of_what_was_dropped_meanwhile_is_recognized(torn: list[str | None]) -> None:
    whole = row("table||t||rp--")
    assert is_torn([whole, torn])
    assert not is_torn([whole, row("column||t|x|integer|~|---"), row("extension||e|")])


def test_what_is_beside_the_facts_is_told_apart() -> None:
    found = snapshot_of(
        row(each)
        for each in (
            "target||tenant|",
            "other||zabbix||r",
            "other|Mon|stats||v",
            "unusable|secret|secret|",
            "table||t||rp--",
        )
    )
    assert (found.schema, found.unusable) == ("tenant", ("secret",))
    assert found.others == ('"Mon".stats', "zabbix")
    assert found.lines == {"table\tt\t\ttable"}


def test_nothing_is_an_empty_schema() -> None:
    assert snapshot_of([row("target|||")]).lines == Fingerprints(()).objects


def test_no_name_can_forge_a_fact() -> None:
    forged = "x@text\ntable@u@@table"
    assert form(f"column||t|{forged}|text|~|---") == [
        r'column|t|"x\9;text\a;table\9;u\9;\9;table"|text'
    ]
