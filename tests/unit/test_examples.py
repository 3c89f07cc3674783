"""The worked examples at the top of the hard modules are true: their very input and output."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import headstart
from headstart.fingerprint.match.branches import compose, other_ways
from headstart.fingerprint.match.carried import carried
from headstart.fingerprint.match.changes import MOST_FOR_A_LOST_OBJECT, count_changes
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas, equal_schemas
from headstart.fingerprint.match.find import find
from headstart.fingerprint.match.finding import HalfApplied, Proven, SeveralMatches, Unlike
from headstart.fingerprint.match.search import distances, search
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow
from tests.unit.histories import history
from tests.unit.known import known, lines, live, step, variant

PACKAGE = Path(headstart.__file__).parent
WITH_DOCTEST = sorted(
    ".".join(("headstart", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
THREE = history("a; b:a; c:b", "c")
INTEGER, BIGINT = "column|t|x|integer", "column|t|x|bigint"


@pytest.mark.parametrize("name", WITH_DOCTEST)
def test_the_example_of_a_module_gives_what_it_says(name: str) -> None:
    failed, tried = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried
    assert not failed


def test_search_adjusts_the_distance_line_by_line_and_finds_the_half_applied_step() -> None:
    states = known("a: +t +t.x", "b: +u +u.x +u.y", "c: -t.x +t.z")
    assert distances(lines("t t.x u"), states.states) == {"a": 1, "b": 2, "c": 4}
    (half,) = search(lines("t t.x u"), states, THREE).half_applied
    assert (half.step, half.step_size, half.distance_before, half.distance) == ("b", 3, 1, 2)
    assert [each.name for each in search(lines("t t.x t.q"), states, THREE).nearest] == ["a"]


def test_a_variant_is_carried_until_a_revision_changes_its_fact() -> None:
    made = variant(f"a: -t.x +{INTEGER}")
    states = known("a: +t +t.x", made, "b: +u", f"c: -t.x +{BIGINT}")
    schema = lines(f"t {INTEGER} u")
    near = distances(schema, states.states)
    assert near["b"] == 2
    at_b, at_c = carried(schema, states, near, made)
    assert (at_b.name, at_b.distance) == ("b~create_all", 0)
    assert at_c.lines == states.lines("c")


def test_a_branch_that_was_replayed_second_is_composed_alone() -> None:
    states = known(
        f"a: +t +{INTEGER}", f"b: -{INTEGER} +t.x", step("c: +u", heads="b c"), step("m:")
    )
    found = list(other_ways(lines(f"t {INTEGER} u"), states, history("a; b:a; c:a; m:b,c", "m")))
    assert [(each.name, each.composed, each.distance) for each in found] == [("c", True, 0)]


def test_a_composed_fact_has_one_line_whatever_it_was_before() -> None:
    delta = known("a: +t +t.x", f"b: -t.x +{BIGINT}").steps["b"].delta
    assert compose(lines(f"t {INTEGER}"), delta) == lines(f"t {BIGINT}")
    assert delta.on(lines(f"t {INTEGER}")) == lines(f"t {INTEGER} {BIGINT}")


def test_a_changed_fact_is_one_change_and_a_lost_object_a_few() -> None:
    assert count_changes(lines(f"t {INTEGER}"), lines("t t.x t.y")) == 2
    assert count_changes(frozenset(), lines("t t.x t.y")) == MOST_FOR_A_LOST_OBJECT


ADMIN = InsertedRow("roles", ("name",), "0" * 16)


@pytest.mark.parametrize(
    ("empty", "there", "expected"),
    [
        pytest.param(True, False, "a", id="roles is empty"),
        pytest.param(False, True, "b", id="roles has the row admin"),
        pytest.param(False, False, None, id="roles has other rows"),
    ],
)
def test_rows_decide_between_equal_schemas(empty: bool, there: bool, expected: str | None) -> None:
    states = known("a: +roles", step("b:", Effect.DATA, tables="roles", rows=(ADMIN,)))
    graph = history("a; b:a", "b")
    equal = equal_schemas(search(lines("roles"), states, graph).exact, states, graph)
    settled = equal.settle(Answers({"roles": empty}, {ADMIN: there}))
    assert (settled.name if settled else None) == expected


@pytest.mark.parametrize("empty", [True, False])
def test_find_names_one_revision_or_says_why_it_cannot(empty: bool) -> None:
    states = known("a: +t +t.x", step("b:", Effect.DATA, tables="t"), "c: +u +u.x")

    def ask(_: EqualSchemas) -> Answers:
        return Answers({"t": empty}, {})

    def found(text: str) -> object:
        return find(live(text), states, THREE, ask)

    match found("t t.x"):
        case Proven(revisions=("a",)):
            assert empty
        case SeveralMatches(candidates=("a", "b"), open=("b",)):
            assert not empty
        case other:
            pytest.fail(str(other))
    proven, half, unlike = map(found, ("t t.x u u.x", "t t.x u", "t t.x t.q"))
    assert isinstance(proven, Proven)
    assert (proven.revisions, proven.rows_unproven) == (("c",), ("b",))
    assert isinstance(half, HalfApplied)
    assert (half.revision, half.before, half.todo.added) == ("c", ("b",), lines("u.x"))
    assert isinstance(unlike, Unlike)
    assert (unlike.nearest, unlike.others) == (("b",), ("a",))
