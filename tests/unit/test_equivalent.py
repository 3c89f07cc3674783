"""The looser comparison, and the SQL that makes an equivalent schema exact."""

import pytest

from headstart.fingerprint.catalog.names import escaped
from headstart.fingerprint.show.equivalent import are_equivalent, equivalent_form, rename_statements


def line(text: str) -> str:
    """A line, written with bars for tabs."""
    return "\t".join(field.strip() for field in text.split("|"))


def lines(text: str) -> list[str]:
    """Lines, written with bars for tabs and semicolons for line ends."""
    return [line(each) for each in text.split(";") if each.strip()]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("pk|t|a|(id)", "pk|t|b|(id)", id="name of a primary key"),
        pytest.param("fk|t|a|(x) REFERENCES s(id)", "fk|t|b|(x) REFERENCES s(id)", id="of a fk"),
        pytest.param("check|t|a|x > 1", "check|t|b|x > 1", id="of a check"),
        pytest.param("exclude|t|a|USING gist (r)", "exclude|t|b|USING gist (r)", id="of exclude"),
        pytest.param("index|t|a|btree(x)", "index|t|b|btree(x)", id="of an index"),
        pytest.param("unique|t|a|(x)", "index|t|a|unique btree(x)", id="unique index"),
        pytest.param("unique|t|a|(x)", "index|t|a|unique btree (x)", id="with a space"),
        pytest.param('unique|t|a|("X, y", z)', 'index|t|b|unique btree("X, y", z)', id="columns"),
        pytest.param(
            "unique|t|a|NULLS NOT DISTINCT (x) INCLUDE (y)",
            "index|t|a|unique btree(x) INCLUDE (y) NULLS NOT DISTINCT",
            id="with nulls and further columns",
        ),
        pytest.param(
            "column|t|x|integer not null serial",
            "column|t|x|integer not null identity always",
            id="serial, identity always",
        ),
        pytest.param(
            "column|t|x|integer not null serial (name x_seq, increment 2)",
            "column|t|x|integer not null identity by default (increment 2)",
            id="the name of a sequence",
        ),
        pytest.param(
            'column|t|x|integer not null serial (name "X, (y)")',
            "column|t|x|integer not null serial",
            id="such a name in quotes",
        ),
        pytest.param(
            "column|t|x|text default 'a'::mood", "column|t|x|text default 'a'", id="a cast"
        ),
        pytest.param(
            "column|t|x|text default f(('a'::character varying(3)[])::\"My\".mood, 1)",
            "column|t|x|text default f('a', (1)::double precision)",
            id="casts within",
        ),
        pytest.param(
            "column|t|x|numeric default '-1'::numeric(3, 1)",
            "column|t|x|numeric default (-1)",
            id="a number in quotes",
        ),
        pytest.param(
            "column|t|x|date default '1'::timestamp(3) without time zone not null",
            "column|t|x|date default '1'::timestamp with time zone not null",
            id="a cast of several words",
        ),
        pytest.param(
            "column|t|x|date default now()", "column|t|x|date default CURRENT_TIMESTAMP", id="now"
        ),
        pytest.param(
            "column|t|x|date default timezone('utc', transaction_timestamp())",
            "column|t|x|date default timezone('utc'::text, now())",
            id="transaction_timestamp",
        ),
    ],
)
def test_what_does_not_count_makes_no_difference(one: str, other: str) -> None:
    assert are_equivalent([line(one)], [line(other)])
    assert one != other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("pk|t|a|(id)", "unique|t|a|(id)", id="a primary key is more than unique"),
        pytest.param("index|t|a|btree(x)", "index|s|a|btree(x)", id="table"),
        pytest.param("index|t|a|btree(x)", "index|t|a|btree(x, y)", id="columns"),
        pytest.param("trigger|t|a|before", "trigger|t|b|before", id="name of a trigger"),
        pytest.param("column|t|a|text", "column|t|b|text", id="name of a column"),
        pytest.param("unique|t|a|(x)", "index|t|a|btree(x)", id="not unique"),
        pytest.param("unique|t|a|(x)", "index|t|a|unique btree(x) WHERE x > 1", id="partial"),
        pytest.param("unique|t|a|(x)", "index|t|a|unique btree(lower(x))", id="expression"),
        pytest.param("unique|t|a|(x)", "index|t|a|unique btree((x))", id="bracketed expression"),
        pytest.param("unique|t|a|(x)", "index|t|a|unique btree(x DESC)", id="order"),
        pytest.param("unique|t|a|(x)", "index|t|a|unique btree(x) invalid", id="invalid"),
        pytest.param("unique|t|a|(x) DEFERRABLE", "index|t|a|unique btree(x)", id="deferrable"),
        pytest.param("unique|t|a|NULLS NOT DISTINCT (x)", "unique|t|a|(x)", id="nulls"),
        pytest.param("unique|t|a|(x) INCLUDE (y)", "unique|t|a|(x)", id="further columns"),
        pytest.param("column|t|x|integer serial", "column|t|x|integer", id="serial, nothing"),
        pytest.param(
            "column|t|x|integer serial (increment 2)", "column|t|x|integer serial", id="increment"
        ),
        pytest.param(
            "column|t|x|integer not null serial", "column|t|x|bigint not null serial", id="type"
        ),
        pytest.param("column|t|x|text default 'a'", "column|t|x|text default 'b'", id="default"),
        pytest.param("column|t|x|text default 'a'", "column|t|x|text", id="no default"),
        pytest.param(
            "column|t|x|text default 'a::b'", "column|t|x|text default 'a'", id="cast in a text"
        ),
        pytest.param(
            "column|t|x|text default 'now()'",
            "column|t|x|text default 'CURRENT_TIMESTAMP'",
            id="now in a text",
        ),
        pytest.param(
            "column|t|x|text default ' serial'",
            "column|t|x|text default ' identity always'",
            id="serial in a text",
        ),
        pytest.param("column|t|x|text default '1'", "column|t|x|text default 1", id="quotes"),
        pytest.param(
            "column|t|x|date default clock_timestamp()",
            "column|t|x|date default now()",
            id="another clock",
        ),
        pytest.param("column|t|x|a.now() default 1", "column|t|x|b.now() default 1", id="no now"),
        pytest.param("check|t|a|x = 'a'::t", "check|t|a|x = 'a'", id="cast in a check"),
        pytest.param("index|t|a|btree(x)", "index|t|a|btree(x); index|t|b|btree(x)", id="twice"),
    ],
)
def test_anything_else_makes_a_difference(one: str, other: str) -> None:
    assert not are_equivalent(lines(one), lines(other))


def test_the_form_counts_what_is_there_twice() -> None:
    twice = equivalent_form(lines("index|t|a|btree(x); index|t|b|btree(x); pk|t|p|(x)"))
    assert sorted(twice.values()) == [1, 2]


@pytest.mark.parametrize(
    ("expected", "found", "sql"),
    [
        pytest.param("pk|t|a|(x)", "pk|t|a|(x)", "", id="nothing to do"),
        pytest.param(
            "pk|t|b|(x)", "pk|t|a|(x)", "ALTER TABLE t RENAME CONSTRAINT a TO b", id="constraint"
        ),
        pytest.param(
            "index|t|b|btree(x)", "index|t|a|btree(x)", "ALTER INDEX a RENAME TO b", id="index"
        ),
        pytest.param(
            'index|"O".t|b|btree(x); fk|"O".t|"B"|(x)',
            'index|"O".t|a|btree(x); fk|"O".t|a|(x)',
            'ALTER TABLE "O".t RENAME CONSTRAINT a TO "B"; ALTER INDEX "O".a RENAME TO b',
            id="in another schema",
        ),
        pytest.param(
            "check|d|b|VALUE > 1; domain|d||integer",
            "check|d|a|VALUE > 1; domain|d||integer",
            "ALTER DOMAIN d RENAME CONSTRAINT a TO b",
            id="of a domain",
        ),
        pytest.param(
            "unique|s.t|b|(x)",
            "index|s.t|a|unique btree(x)",
            "ALTER TABLE s.t ADD CONSTRAINT b UNIQUE USING INDEX a",
            id="index to constraint",
        ),
        pytest.param(
            "unique|t|b|NULLS NOT DISTINCT (x); table|t||partitioned table, by RANGE (x)",
            "index|t|a|unique btree(x) NULLS NOT DISTINCT"
            "; table|t||partitioned table, by RANGE (x)",
            "DROP INDEX a; ALTER TABLE t ADD CONSTRAINT b UNIQUE NULLS NOT DISTINCT (x)",
            id="of a partitioned table",
        ),
        pytest.param(
            "index|s.t|a|unique btree(x, y)",
            "unique|s.t|a|(x, y)",
            "ALTER TABLE s.t DROP CONSTRAINT a; CREATE UNIQUE INDEX a ON s.t USING btree(x, y)",
            id="constraint to index",
        ),
        pytest.param(
            "index|t|b|btree(x); index|t|c|btree(x)",
            "index|t|b|btree(x); index|t|a|btree(x)",
            "ALTER INDEX a RENAME TO c",
            id="what is right stays",
        ),
        pytest.param(
            "unique|t|a|(x); index|t|b|unique btree(x)",
            "unique|t|c|(x); index|t|a|unique btree(x)",
            "ALTER INDEX a RENAME TO b; ALTER TABLE t RENAME CONSTRAINT c TO a",
            id="constraints stay constraints",
        ),
        pytest.param(
            "index|t|a|btree(x); index|t|b|btree(y)",
            "index|t|b|btree(x); index|t|c|btree(y)",
            "ALTER INDEX b RENAME TO a; ALTER INDEX c RENAME TO b",
            id="a chain",
        ),
        pytest.param(
            "index|t|a|btree(x); index|s|b|btree(y)",
            "index|t|b|btree(x); index|s|a|btree(y)",
            "ALTER INDEX a RENAME TO headstart_renaming_1; ALTER INDEX b RENAME TO a"
            "; ALTER INDEX headstart_renaming_1 RENAME TO b",
            id="a swap",
        ),
        pytest.param(
            "fk|t|a|(x); fk|s|b|(y)",
            "fk|t|b|(x); fk|s|a|(y)",
            "ALTER TABLE s RENAME CONSTRAINT a TO b; ALTER TABLE t RENAME CONSTRAINT b TO a",
            id="foreign keys of two tables are no swap",
        ),
        pytest.param(
            "index|t|z|btree(x); index|t|a|btree(v); index|t|b|btree(w)",
            "index|t|y|btree(x); index|t|b|btree(v); index|t|a|btree(w)",
            "ALTER INDEX y RENAME TO z; ALTER INDEX b RENAME TO headstart_renaming_1"
            "; ALTER INDEX a RENAME TO b; ALTER INDEX headstart_renaming_1 RENAME TO a",
            id="a swap beside another",
        ),
        pytest.param(
            "unique|t|a|(x); index|t|b|btree(y); check|t|c|z > 1",
            "unique|t|b|(x); index|t|c|btree(y); check|t|a|z > 1",
            "ALTER TABLE t RENAME CONSTRAINT a TO c; ALTER TABLE t RENAME CONSTRAINT b TO a"
            "; ALTER INDEX c RENAME TO b",
            id="a unique constraint has its name among constraints and among indexes",
        ),
        pytest.param(
            "index|t|b|btree(x); index|t|c|btree(y); index|t|a|btree(z)",
            "index|t|a|btree(x); index|t|b|btree(y); index|t|c|btree(z)",
            "ALTER INDEX c RENAME TO headstart_renaming_1; ALTER INDEX b RENAME TO c"
            "; ALTER INDEX a RENAME TO b; ALTER INDEX headstart_renaming_1 RENAME TO a",
            id="a circle of three",
        ),
        pytest.param(
            "index|t|a|unique btree(x); unique|t|b|(y)",
            "unique|t|b|(x); index|t|a|unique btree(y)",
            "ALTER TABLE t RENAME CONSTRAINT b TO headstart_renaming_1"
            "; ALTER TABLE t ADD CONSTRAINT b UNIQUE USING INDEX a"
            "; ALTER TABLE t DROP CONSTRAINT headstart_renaming_1"
            "; CREATE UNIQUE INDEX a ON t USING btree(x)",
            id="a swap between kinds",
        ),
        pytest.param(
            "column|t|x|integer serial; column|t|y|date default now()",
            "column|t|x|integer identity always; column|t|y|date default CURRENT_TIMESTAMP",
            "",
            id="columns stay as they are",
        ),
        pytest.param("pk|t|b|(x)", "pk|t|a|(y); pk|s|a|(x)", "", id="what is not equivalent"),
    ],
)
def test_the_statements_turn_what_is_found_into_what_is_expected(
    expected: str, found: str, sql: str
) -> None:
    statements = [each.strip() for each in sql.split(";") if each.strip()]
    assert list(rename_statements(lines(expected), lines(found))) == statements


def test_the_order_of_the_lines_does_not_matter() -> None:
    expected = lines("index|t|a|btree(x); index|t|b|btree(x); fk|t|c|(x); fk|s|c|(y)")
    found = lines("index|t|u|btree(x); index|t|v|btree(x); fk|t|w|(x); fk|s|w|(y)")
    statements = rename_statements(expected, found)
    assert len(statements) == 4
    assert rename_statements(reversed(expected), reversed(found)) == statements


def test_names_are_written_so_that_no_terminal_is_confused() -> None:
    table, old, new = (escaped(f'"{name}"') for name in ("a.b\t", "\\\u202e", 'plain "" one'))
    (statement,) = rename_statements([f"pk\t{table}\t{new}\t(x)"], [f"pk\t{table}\t{old}\t(x)"])
    assert statement == (
        'ALTER TABLE U&"a.b\\+000009" RENAME CONSTRAINT U&"\\\\\\+00202e" TO "plain "" one"'
    )
