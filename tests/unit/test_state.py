"""detect() and History: the state follows from facts and history alone."""

import pytest

from headstart.facts.state import DatabaseFacts, State, detect
from tests.unit.histories import (
    BRANCHES,
    DEPENDENT,
    EXPAND_CONTRACT,
    LINE,
    MERGED,
    TWO_BASES,
    history,
    names,
)


def facts(rows: str, present: str = "", missing: str = "") -> DatabaseFacts:
    """Facts with these version rows and tables."""
    return DatabaseFacts(
        tuple(sorted(names(rows))), tables_present=names(present), tables_missing=names(missing)
    )


@pytest.mark.parametrize(
    ("graph", "target", "rows", "state"),
    [
        pytest.param(LINE, "d", "a", State.BEHIND, id="the row is the base"),
        pytest.param(LINE, "d", "c", State.BEHIND, id="the row is the parent of the target"),
        pytest.param(LINE, "d", "d", State.AT_HEAD, id="the row is the target"),
        pytest.param(LINE, "b", "a", State.BEHIND, id="the target is not the head"),
        pytest.param(LINE, "b", "d", State.AT_HEAD, id="the target lies below the row"),
        pytest.param(LINE, "d", "z", State.UNKNOWN_REVISION, id="the row is not in the image"),
        pytest.param(LINE, "d", "d, z", State.UNKNOWN_REVISION, id="one of the rows is unknown"),
        pytest.param(LINE, "d", "a, d", State.DIVERGED, id="a row overlaps the target's"),
        pytest.param(LINE, "d", "a, c", State.DIVERGED, id="rows overlap below the target"),
        pytest.param(LINE, "b", "c, d", State.DIVERGED, id="rows overlap above the target"),
        pytest.param(LINE, "d", "a, b, z", State.DIVERGED, id="overlap before unknown"),
        pytest.param(BRANCHES, "b", "a", State.BEHIND, id="below the fork, one branch wanted"),
        pytest.param(BRANCHES, "b", "c", State.DIVERGED, id="the row is on the other branch"),
        pytest.param(BRANCHES, "b", "b, c", State.AT_HEAD, id="the wanted branch and another"),
        pytest.param(BRANCHES, "b, c", "a", State.BEHIND, id="below the fork, heads wanted"),
        pytest.param(BRANCHES, "b, c", "b", State.BEHIND, id="one of the heads"),
        pytest.param(BRANCHES, "b, c", "b, c", State.AT_HEAD, id="all heads"),
        pytest.param(MERGED, "m", "b", State.BEHIND, id="one branch below the merge"),
        pytest.param(MERGED, "m", "b, c", State.BEHIND, id="both branches below the merge"),
        pytest.param(MERGED, "m", "m", State.AT_HEAD, id="the merge itself"),
        pytest.param(MERGED, "m", "n", State.AT_HEAD, id="above the merge"),
        pytest.param(MERGED, "b", "m", State.AT_HEAD, id="the merge contains the target"),
        pytest.param(MERGED, "n", "b, m", State.DIVERGED, id="a branch and its own merge"),
        pytest.param(TWO_BASES, "b, y", "a", State.BEHIND, id="one of two bases"),
        pytest.param(TWO_BASES, "b, y", "b, x", State.BEHIND, id="one base done, one begun"),
        pytest.param(TWO_BASES, "b, y", "b, y", State.AT_HEAD, id="both bases done"),
        pytest.param(TWO_BASES, "b", "y", State.DIVERGED, id="the other base"),
        pytest.param(TWO_BASES, "b", "a, x", State.DIVERGED, id="behind, with a foreign line"),
        pytest.param(DEPENDENT, "z", "b", State.BEHIND, id="the row is a dependency"),
        pytest.param(DEPENDENT, "b, z", "z", State.AT_HEAD, id="the row implies its dependency"),
        pytest.param(DEPENDENT, "b, z", "b, z", State.DIVERGED, id="a row overlaps a dependency"),
        pytest.param(DEPENDENT, "b", "y", State.AT_HEAD, id="a dependency is the target"),
        pytest.param(DEPENDENT, "x", "a", State.DIVERGED, id="a dependency of no wanted one"),
        pytest.param(EXPAND_CONTRACT, "d", "c", State.BEHIND, id="contracted once"),
        pytest.param(EXPAND_CONTRACT, "d", "c, f", State.BEHIND, id="expanded beyond that"),
        pytest.param(EXPAND_CONTRACT, "d", "d", State.AT_HEAD, id="the last one has them all"),
        pytest.param(EXPAND_CONTRACT, "d", "c, e", State.DIVERGED, id="both rows of a pair"),
        pytest.param(EXPAND_CONTRACT, "d", "d, e", State.DIVERGED, id="a dependency far below"),
        pytest.param(EXPAND_CONTRACT, "f", "c, f", State.AT_HEAD, id="expand alone is wanted"),
    ],
)
def test_known_rows_are_at_the_target_below_it_or_beside_it(
    graph: str, target: str, rows: str, state: State
) -> None:
    assert detect(facts(rows), history(graph, target)) is state


@pytest.mark.parametrize(
    ("present", "missing", "state"),
    [
        pytest.param("", "", State.EMPTY, id="no tables of ours are known"),
        pytest.param("", "public.t, public.u", State.EMPTY, id="none of ours exists"),
        pytest.param("public.t", "public.u", State.UNVERSIONED, id="one of ours exists"),
        pytest.param("public.t, public.u", "", State.UNVERSIONED, id="all of ours exist"),
    ],
)
def test_without_a_version_row_our_tables_decide(present: str, missing: str, state: State) -> None:
    assert detect(facts("", present, missing), history(LINE, "d")) is state


def test_with_a_version_row_tables_do_not_matter() -> None:
    assert detect(facts("d", missing="public.t"), history(LINE, "d")) is State.AT_HEAD
    assert detect(facts("z", present="public.t"), history(LINE, "d")) is State.UNKNOWN_REVISION


@pytest.mark.parametrize(
    ("graph", "rows", "applied"),
    [
        pytest.param(LINE, "", "", id="nothing"),
        pytest.param(LINE, "c", "a, b, c", id="a row and its ancestors"),
        pytest.param(MERGED, "m", "a, b, c, m", id="both sides of a merge"),
        pytest.param(TWO_BASES, "b, x", "a, b, x", id="several rows"),
        pytest.param(DEPENDENT, "y", "a, b, x, y", id="a dependency with its ancestors"),
    ],
)
def test_what_a_row_needs_is_applied_with_it(graph: str, rows: str, applied: str) -> None:
    assert history(graph, "a").applied_with(names(rows)) == names(applied)


@pytest.mark.parametrize(
    ("graph", "target", "rows", "pending"),
    [
        pytest.param(LINE, "d", "", "a b c d", id="everything, on an empty database"),
        pytest.param(LINE, "c", "", "a b c", id="nothing above the target"),
        pytest.param(LINE, "d", "b", "c d", id="nothing that is applied"),
        pytest.param(LINE, "b", "d", "", id="nothing, when the target lies below"),
        pytest.param(BRANCHES, "b", "", "a b", id="no other branch than the target's"),
        pytest.param(MERGED, "n", "b", "c m n", id="the missing branch before the merge"),
        pytest.param(DEPENDENT, "z", "x", "a b y z", id="a dependency before what needs it"),
    ],
)
def test_pending_is_what_the_target_lacks_ancestors_first(
    graph: str, target: str, rows: str, pending: str
) -> None:
    assert history(graph, target).pending_after(names(rows)) == tuple(pending.split())


@pytest.mark.parametrize(
    ("graph", "target", "rows", "waiting"),
    [
        pytest.param(LINE, "d", "b", "c d", id="what a row's revision is below"),
        pytest.param(MERGED, "n", "b", "m n", id="not the other branch"),
        pytest.param(DEPENDENT, "z", "x", "y z", id="not what only the other line needs"),
        pytest.param(DEPENDENT, "z", "b", "y z", id="by depends_on, too"),
        pytest.param(TWO_BASES, "b,y", "y", "", id="not another base"),
        pytest.param(LINE, "d", "", "", id="nothing without a row"),
    ],
)
def test_of_what_is_pending_no_row_hides_what_needs_one_that_is_there(
    graph: str, target: str, rows: str, waiting: str
) -> None:
    assert history(graph, target).waiting_for(names(rows)) == tuple(waiting.split())


@pytest.mark.parametrize(
    ("graph", "rows", "included"),
    [
        pytest.param(LINE, "", "", id="no row"),
        pytest.param(LINE, "d", "", id="one row"),
        pytest.param(LINE, "a, d", "a", id="an ancestor"),
        pytest.param(BRANCHES, "b, c", "", id="siblings"),
        pytest.param(MERGED, "c, n", "c", id="a branch below a merge"),
        pytest.param(DEPENDENT, "b, y", "b", id="a dependency"),
        pytest.param(DEPENDENT, "a, z", "a", id="what a dependency needs"),
        pytest.param(EXPAND_CONTRACT, "d, e, c", "c, e", id="several"),
    ],
)
def test_rows_overlap_where_one_is_needed_by_another(graph: str, rows: str, included: str) -> None:
    assert history(graph, "a").included(names(rows)) == names(included)


@pytest.mark.parametrize(
    ("graph", "applied", "rows"),
    [
        pytest.param(MERGED, "a, b, c", "b, c", id="both branches"),
        pytest.param(MERGED, "a, b, c, m", "m", id="their merge"),
        pytest.param(EXPAND_CONTRACT, "a, e, c", "c", id="a pair"),
        pytest.param(EXPAND_CONTRACT, "a, e, f, c", "c, f", id="a pair, and expanded again"),
        pytest.param(DEPENDENT, "a, b, x, y", "y", id="a base of its own below a dependency"),
    ],
)
def test_a_revision_has_a_row_until_another_one_needs_it(
    graph: str, applied: str, rows: str
) -> None:
    assert history(graph, "a").heads_of(names(applied)) == names(rows)


def test_a_history_of_thousands_needs_no_recursion() -> None:
    graph = "; ".join(["r0", *(f"r{i}:r{i - 1}" for i in range(1, 5000))])
    assert len(history(graph, "r4999").pending_after({"r0"})) == 4999


# the other one takes a look at the schema: tests/integration/test_newer_database.py
@pytest.mark.parametrize("state", [each for each in State if each is not State.AHEAD])
def test_every_state_is_reached_by_some_facts(state: State) -> None:
    reachable = {
        detect(facts(rows, present), history(BRANCHES, "b"))
        for rows in ("", "a", "b", "c", "z")
        for present in ("", "public.t")
    }
    assert state in reachable
