"""The finding: one answer about tables without a version row, or both that are possible."""

import pytest

from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.fingerprint.match.find import find
from headstart.fingerprint.match.finding import Finding, HalfApplied, Proven, SeveralMatches, Unlike
from headstart.fingerprint.statements.effect import Effect
from tests.unit.histories import BRANCHES, LINE, MERGED, history
from tests.unit.known import known, lines, live, step, variant

STATES = known(
    "a: +t +t.x +pk|t|t_pkey|(x)",
    step("b:", Effect.DATA, tables="t"),
    "c: +u +u.y",
    step("d: +v", Effect.SCHEMA_AND_DATA, tables="v"),
)
AT_A, AT_C = "t t.x pk|t|t_pkey|(x)", "t t.x pk|t|t_pkey|(x) u u.y"


def found(
    text: str, states: Fingerprints = STATES, graph: str = LINE, *, empty: bool = False
) -> Finding:
    def ask(equal: EqualSchemas) -> Answers:
        return Answers(dict.fromkeys(equal.tables, empty), dict.fromkeys(equal.rows, False))

    return find(live(text), states, history(graph, "d" if graph == LINE else "b, c"), ask)


def never(_: EqualSchemas) -> Answers:
    raise AssertionError("nothing has to be asked")


def test_one_exact_state_is_proven_and_nothing_is_asked() -> None:
    proven = find(live(AT_C), STATES, history(LINE, "d"), never)
    assert proven == Proven(("c",), "c", False, ("b",), live(AT_C))


def test_the_revisions_that_change_rows_are_named_up_to_there() -> None:
    last = found(f"{AT_C} v")
    assert isinstance(last, Proven)
    assert last.rows_unproven == ("b", "d")


def test_equal_schemas_are_settled_by_what_the_database_answers() -> None:
    assert found(AT_A, empty=True) == Proven(("a",), "a", False, (), live(AT_A))
    assert found(AT_A) == SeveralMatches(("a", "b"), ("b",), live(AT_A))


def test_branches_beside_each_other_are_ambiguous_whatever_the_rows_are() -> None:
    branches = known("a: +t", step("b: +u"), step("c: +u", heads="b c"))
    ambiguous = find(live("t u"), branches, history(BRANCHES, "b, c"), never)
    assert isinstance(ambiguous, SeveralMatches)
    assert {"b", "c"} <= set(ambiguous.candidates)


def test_a_merge_without_effect_is_told_from_its_branches_by_being_the_newest() -> None:
    merged = known(
        "a: +t", step("b: +t.x"), step("c: +t.y", heads="b c"), step("m:", Effect.NOOP, heads="m")
    )
    newest = find(live("t t.x t.y"), merged, history(MERGED, "m"), lambda _: Answers({}, {}))
    assert isinstance(newest, Proven)
    assert newest.revisions == ("m",)


def test_the_heads_of_branches_are_stamped_together() -> None:
    branches = known("a: +t", step("b: +t.x"), step("c: +t.y", heads="b c"))
    both = found("t t.x t.y", branches, BRANCHES)
    alone = found("t t.y", branches, BRANCHES)
    assert isinstance(both, Proven)
    assert isinstance(alone, Proven)
    assert (both.revisions, both.composed) == (("b", "c"), False)
    assert (alone.revisions, alone.composed) == (("c",), True)


def test_a_variant_is_its_revision() -> None:
    states = known("a: +t", "b: +u", variant("b: +t.z"))
    proven = found("t u t.z", states)
    assert proven == Proven(("b",), "b~create_all", False, (), live("t u t.z"))


def test_what_is_there_before_the_first_revision_is_the_base() -> None:
    base = found("w", known("base: +w", "a: +t"))
    assert isinstance(base, Proven)
    assert base.revisions == ()


def test_a_half_applied_revision_says_what_is_left() -> None:
    half = found(f"{AT_A} u")
    assert isinstance(half, HalfApplied)
    assert (half.revision, half.before, half.total) == ("c", ("b",), 2)
    assert (half.todo.added, half.todo.removed) == (lines("u.y"), frozenset())


def test_a_half_applied_revision_says_what_is_to_go() -> None:
    half = found("t t.x t.y t.z", known("a: +t +t.x +t.y", "b: -t.x -t.y +t.z"))
    assert isinstance(half, HalfApplied)
    assert (half.todo.added, half.todo.removed) == (frozenset(), lines("t.x t.y"))


def test_the_step_of_which_the_least_is_left_is_the_one_that_was_interrupted() -> None:
    """c takes back what b does: x alone is much left of c, or little done of b."""
    half = found("t t.x", known("a: +t", "b: +t.x +t.y +t.z", "c: -t.x -t.y -t.z"))
    assert isinstance(half, HalfApplied)
    assert (half.revision, half.others, half.before) == ("c", ("b",), ("b",))


def test_the_nearest_is_named_with_its_difference() -> None:
    unlike = found(f"{AT_C} t.q")
    assert isinstance(unlike, Unlike)
    assert (unlike.nearest, unlike.equivalent, unlike.renames) == (("c",), False, ())
    assert (unlike.difference.missing, unlike.difference.extra) == (frozenset(), lines("t.q"))


def test_where_only_names_differ_the_statements_are_there_that_make_it_exact() -> None:
    unlike = found("t t.x pk|t|pk_t|(x) u u.y")
    assert isinstance(unlike, Unlike)
    assert unlike.equivalent
    assert unlike.renames == ("ALTER TABLE t RENAME CONSTRAINT pk_t TO t_pkey",)


@pytest.mark.parametrize("text", ["", "w", "w.x w"])
def test_what_is_no_state_is_never_proven(text: str) -> None:
    assert isinstance(found(text), Unlike)
