"""What counts of a database: our objects and all within them, but for what a DBA may add."""

import pytest

from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.match.scope import live_schema
from tests.unit.known import known, line

STATES = known(
    "a: +t +t.x +index|t|old|btree(x) +trigger|t|audit|f() +policy|t|mine|all",
    "b: -index|t|old|btree(x) -trigger|t|audit|f() -policy|t|mine|all",
)


@pytest.mark.parametrize(
    ("extra", "counts"),
    [
        pytest.param("index|t|dba|btree(x)", False, id="an index"),
        pytest.param("trigger|t|dba|f()", False, id="a trigger"),
        pytest.param("policy|t|dba|all", False, id="a policy"),
        pytest.param("statistics|t|dba|on x, y", False, id="extended statistics"),
        pytest.param("published|p|t|all columns", False, id="that it is published"),
        pytest.param("rule|t|dba|ON DELETE DO INSTEAD NOTHING", True, id="a rule"),
        pytest.param("index|t|dba|unique btree(x)", True, id="a unique index"),
        pytest.param("index|t|old|btree(x)", True, id="an index that some revision makes"),
        pytest.param("index|t|old|hash(x)", True, id="another one of its name"),
        pytest.param("trigger|t|audit|g()", True, id="a trigger of a revision's name"),
        pytest.param("policy|t|mine|select", True, id="a policy of a revision's name"),
        pytest.param("column|t|y|text", True, id="a column"),
        pytest.param("check|t|y|x > 1", True, id="a check"),
        pytest.param("unique|t|y|(x)", True, id="a unique constraint"),
        pytest.param("fk|t|y|(x) REFERENCES t(x)", True, id="a foreign key"),
        pytest.param("exclude|t|y|USING gist (x WITH =)", True, id="an exclusion"),
        pytest.param("table|u||table", True, id="a table"),
    ],
)
def test_what_a_dba_may_add_is_tolerated_and_told(extra: str, *, counts: bool) -> None:
    snapshot = Snapshot(STATES.lines("b") | {line(extra)})
    found = live_schema(snapshot, STATES)
    assert (line(extra) in found.lines) is counts
    assert found.tolerated == (() if counts else (line(extra),))
    assert found.lines | set(found.tolerated) == snapshot.lines


def test_an_operator_of_other_types_is_another_object_and_nobodys_business() -> None:
    states = known("a: +operator|<<|(int,int)|f +cast|(a,b)||inout")
    other = {line("operator|<<|(text,text)|f"), line("opclass|<<|btree|for type text")}
    changed = frozenset([line("operator|<<|(int,int)|g")])
    found = live_schema(Snapshot(changed | other), states)
    assert (found.lines, found.tolerated) == (changed, ())


def test_relations_outside_of_the_history_are_ignored_and_told() -> None:
    found = live_schema(Snapshot(STATES.lines("b"), "public", ("zabbix", "a.b")), STATES)
    assert (found.lines, found.ignored) == (STATES.lines("b"), ("zabbix", "a.b"))
