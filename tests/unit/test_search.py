"""The search: which states a schema is, is between, or is nearest to."""

from random import Random

import pytest

from headstart.facts.state import History
from headstart.fingerprint.file.states import Delta, Fingerprints
from headstart.fingerprint.match.branches import compose
from headstart.fingerprint.match.search import expected_states, search
from tests.unit.histories import BRANCHES, LINE, MERGED, TWO_BASES, history, names
from tests.unit.known import known, lines, step, variant

STRAIGHT = known("a: +t +t.x", "b: +u +u.x +u.y", "c: -t.x +t.z", "d: +v")
"""a to d of LINE, each with a schema of its own."""
REVERTED = known("a: +t", "b: +t.x", "c: -t.x", "d: +u")
"""c takes back what b does: a and c have the same schema."""


def found(live: str, states: Fingerprints, graph: str = LINE, target: str = "d") -> str:
    """What the search says, as text: exact, half or near, and the names."""
    matches = search(lines(live), states, history(graph, target))
    kinds = {
        "exact": matches.exact,
        "half": matches.half_applied,
        "near": matches.nearest,
    }
    kind = next(kind for kind, candidates in kinds.items() if candidates)
    return f"{kind} {' '.join(candidate.name for candidate in kinds[kind])}"


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param("t t.x", "exact a", id="the first"),
        pytest.param("t t.x u u.x u.y", "exact b", id="one in the middle"),
        pytest.param("t t.z u u.x u.y v", "exact d", id="the last"),
        pytest.param("t t.x u", "half b", id="one of three changes is there"),
        pytest.param("t t.x u u.y", "half b", id="two of three"),
        pytest.param("t", "half a", id="the first revision, begun"),
        pytest.param("t u u.x u.y", "half c", id="what is to go is gone, what comes is not there"),
        pytest.param("t t.x t.z u u.x u.y", "half c", id="the other way round"),
        pytest.param("t t.x t.q u", "near a", id="begun, and something else beside it"),
        pytest.param("t t.x t.q", "near a", id="something else"),
        pytest.param("t t.z u u.x u.y v w", "near d", id="an unknown table"),
        pytest.param("t.x u u.x u.y", "near b", id="something is missing"),
        pytest.param("w", "near a", id="nothing in common: as near as an empty schema"),
    ],
)
def test_a_line_of_revisions(live: str, expected: str) -> None:
    assert found(live, STRAIGHT) == expected


def test_the_distance_is_the_number_of_lines_that_differ() -> None:
    """One pass over the deltas says for each state what a comparison with it would."""
    random = Random(6)
    pool = [f"t{number}" for number in range(30)]
    for _ in range(50):
        steps, now = [], set[str]()
        for revision in "abcdefgh":
            more, less = random.sample(pool, 3), random.sample(sorted(now), min(2, len(now)))
            changes = {f"+{m}" for m in more if m not in now} | {f"-{g}" for g in less}
            now = (now | set(more)) - (set(less) - set(more))
            changes = {c for c in changes if not (c[0] == "-" and c[1:] in now)}
            steps.append(f"{revision}: {' '.join(sorted(changes))}")
        states = known(*steps)
        live = lines(" ".join(random.sample(pool, 10)))
        graph = "a; " + "; ".join(f"{b}:{a}" for a, b in zip("abcdefg", "bcdefgh", strict=True))
        matches = search(live, states, history(graph, "h"))
        distances = {state.name: len(live ^ states.lines(state.name)) for state in states.states}
        for candidate in (*matches.exact, *matches.nearest):
            assert candidate.distance == min(distances.values()) == distances[candidate.name]


def test_several_states_may_have_one_schema() -> None:
    assert found("t", REVERTED) == "exact a c"


def test_a_revision_without_a_change_is_another_exact_match() -> None:
    assert found("t t.x", known("a: +t +t.x", "b:", "c: +u", "d:")) == "exact a b"


def test_a_half_applied_revision_knows_what_it_stands_on() -> None:
    matches = search(lines("t t.x u"), STRAIGHT, history(LINE, "d"))
    (half,) = matches.half_applied
    assert (half.step, half.lines) == ("b", STRAIGHT.lines("b"))
    assert (half.step_size, half.distance_before, half.distance) == (3, 1, 2)


IN_BETWEEN = known("a: +t", "b: +column|t|x|integer_not_null +u +v", "c: -v +w")


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param("t column|t|x|integer u", "half b", id="some done, one in between, one not"),
        pytest.param("t column|t|x|integer", "near a", id="nothing is as after it"),
        pytest.param("t column|t|x|integer u v", "near b", id="nothing is as before it"),
        pytest.param("t column|t|x|integer u q", "near a b c", id="something else differs, too"),
    ],
)
def test_a_fact_may_be_in_between_while_a_revision_is_half_applied(
    live: str, expected: str
) -> None:
    """A column without its NOT NULL, which the revision adds in a later statement."""
    assert found(live, IN_BETWEEN) == expected


def test_a_lost_table_is_not_as_many_changes_as_it_had_facts() -> None:
    """Else the nearest would be a revision that precedes the table."""
    states = known("a: +t +t.x", "b: +u +u.a +u.b +u.c", "c: +t.y +t.z +t.q", "d: +w +w.x +w.y")
    assert found("t t.x t.y t.z t.q", states) == "near c"


def test_among_states_at_the_same_distance_the_one_with_fewer_facts_that_differ_is_nearest() -> (
    None
):
    """A changed fact is two lines that differ, and one fact."""
    states = known("a: +t +column|t|x|text", "b: -column|t|x|text +column|t|x|integer +u +v")
    # three lines each: t.q, and of a one changed fact, of b two that are missing
    assert found("t column|t|x|integer t.q", states) == "near a"


def test_all_that_are_as_near_are_named() -> None:
    assert found("t t.q", REVERTED) == "near a c"


def test_before_the_first_revision_there_may_be_something() -> None:
    states = known("base: +w", "a: +t", "b: +u")
    assert found("w", states) == "exact base"
    assert found("w t", states) == "exact a"
    assert found("t u", states) == "near b"


TWICE = known("a: +t", step("b: +t.x", heads="b"), step("c: +t.y", heads="b c"))
"""Two branches, of which the replay took b first: nobody has replayed c alone."""


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param("t t.x", "exact b", id="the branch that was replayed first"),
        pytest.param("t t.y", "exact c", id="the branch that was replayed second, alone"),
        pytest.param("t t.x t.y", "exact c", id="both"),
        pytest.param("t t.y t.q", "near c", id="near a composed one"),
    ],
)
def test_the_heads_of_branches_are_composed(live: str, expected: str) -> None:
    assert found(live, TWICE, BRANCHES, "b, c") == expected


def test_a_composed_state_is_marked_and_has_the_heads_that_it_stands_for() -> None:
    (alone,) = search(lines("t t.y"), TWICE, history(BRANCHES, "b, c")).exact
    assert (alone.composed, alone.revisions, alone.step) == (True, names("c"), "c")
    (both,) = search(lines("t t.x t.y"), TWICE, history(BRANCHES, "b, c")).exact
    assert (both.composed, both.revisions) == (False, names("b, c"))


def test_above_a_merge_nothing_has_to_be_composed() -> None:
    merged = known("a: +t", "b: +t.x", step("c: +t.y", heads="b c"), step("m:", heads="m"), "n: +u")
    assert found("t t.x t.y", merged, MERGED, "n") == "exact c m"
    assert found("t t.y", merged, MERGED, "n") == "exact c"
    assert found("t t.x t.y u", merged, MERGED, "n") == "exact n"


def test_two_histories_beside_each_other() -> None:
    two = known("a: +t", "b: +t.x", step("x: +u", heads="b x"), step("y: +u.x", heads="b y"))
    exact = {
        "u": {"x"},
        "u u.x": {"y"},
        "t u": {"a", "x"},
        "t u u.x": {"a", "y"},
        "t t.x u": {"b", "x"},
        "t t.x u u.x": {"b", "y"},
    }
    for live, heads in exact.items():
        matches = search(lines(live), two, history(TWO_BASES, "b, y"))
        assert [candidate.revisions for candidate in matches.exact] == [heads], live


def test_a_branch_that_needs_another_one_is_not_composed_without_it() -> None:
    graph = "a; b:a; x; y:x+b"
    two = known("a: +t", "b: +t.x", step("x: +u", heads="b x"), step("y: +u.x", heads="b y"))
    assert found("u u.x", two, graph, "b, y").startswith("near")
    assert found("u", two, graph, "b, y") == "exact x"


def test_a_half_applied_branch() -> None:
    branches = known("a: +t", step("b: +t.x +u"), step("c: +t.y +v +w", heads="b c"))
    assert found("t v w", branches, BRANCHES, "b, c") == "half c"


VARIANTS = known("a: +t +t.x", "b: +u", variant("b: +t.z -t.x"), "c: +v", "d: +w -u")


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param("t t.z u", "exact b~create_all", id="the variant itself"),
        pytest.param("t t.z u v", "exact c~create_all", id="upgraded once"),
        pytest.param("t t.z v w", "exact d~create_all", id="upgraded twice"),
        pytest.param("t t.x u v", "exact c", id="the other way is as it was"),
        pytest.param("t t.z", "near b~create_all", id="but not downgraded"),
        pytest.param("t t.z u v t.q", "near c~create_all", id="nearest to an upgraded one"),
    ],
)
def test_a_variant_is_carried_on_through_later_revisions(live: str, expected: str) -> None:
    assert found(live, VARIANTS) == expected


def test_a_variant_is_carried_on_only_until_a_revision_changes_what_it_differs_in() -> None:
    text, number, big = (f"column|t|x|{kind}" for kind in ("text", "integer", "bigint"))
    states = known(
        f"a: +t +{text}", variant(f"a: -{text} +{number}"), "b: +u", f"c: -{text} +{big}", "d: +v"
    )
    assert found(f"t {number} u", states) == "exact b~create_all"
    assert found(f"t {big} u", states).startswith("exact c")
    assert found(f"t {number} u v", states).startswith("near")


def test_a_variant_that_was_carried_on_is_marked() -> None:
    (upgraded,) = search(lines("t t.z u v"), VARIANTS, history(LINE, "d")).exact
    assert (upgraded.composed, upgraded.revisions) == (True, names("c"))
    (recorded,) = search(lines("t t.z u"), VARIANTS, history(LINE, "d")).exact
    assert (recorded.composed, recorded.revisions, recorded.step) == (False, names("b"), None)


@pytest.mark.parametrize(
    ("before", "delta", "after"),
    [
        pytest.param("t", Delta(lines("t.x")), "t t.x", id="more"),
        pytest.param("t t.x", Delta(frozenset(), lines("t.x")), "t", id="less"),
        pytest.param(
            "t column|t|x|bigint",
            Delta(lines("column|t|x|text"), lines("column|t|x|integer")),
            "t column|t|x|text",
            id="a fact is replaced whatever it was",
        ),
        pytest.param(
            "t column|t|x|bigint", Delta(frozenset(), lines("t.x")), "t", id="gone whatever it was"
        ),
    ],
)
def test_a_delta_applies_to_a_schema_that_it_was_not_made_for(
    before: str, delta: Delta, after: str
) -> None:
    assert compose(lines(before), delta) == lines(after)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("a", ["t t.x"]),
        ("b", ["t t.x u", "t t.z u"]),
        ("c", ["t t.x u v", "t t.z u v"]),
        ("z", []),
    ],
)
def test_the_schemas_that_version_rows_promise(rows: str, expected: list[str]) -> None:
    promised = expected_states(lines("q"), VARIANTS, history(LINE, "d"), names(rows))
    assert promised == [lines(each) for each in expected]


def test_two_rows_promise_what_both_branches_build_together() -> None:
    both: History = history(BRANCHES, "b, c")
    assert expected_states(lines("q"), TWICE, both, names("b, c")) == [lines("t t.x t.y")] * 1
    assert expected_states(lines("q"), TWICE, both, names("c")) == [lines("t t.y")]
