"""decide(): for each state, policy and fact, exactly one plan."""

import re
from dataclasses import replace
from itertools import product

import pytest

from headstart.decision.choice import decide
from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade
from headstart.facts.state import DatabaseFacts, History, State, detect
from headstart.fingerprint.newer.ruling import Judgement
from headstart.settings.kinds import Ahead
from headstart.verdict.errors import (
    AccessRefused,
    Diverged,
    HeadstartError,
    UnknownRevision,
    Unproven,
)
from headstart.verdict.proof import Proof
from tests.unit.histories import BRANCHES, LINE, history

FACTS = {
    State.EMPTY: DatabaseFacts((), tables_missing=frozenset({"public.t"})),
    State.UNVERSIONED: DatabaseFacts(
        (),
        tables_present=frozenset({"public.u", "public.t"}),
        tables_missing=frozenset({"public.v"}),
    ),
    State.BEHIND: DatabaseFacts(("b",)),
    State.AT_HEAD: DatabaseFacts(("d",)),
    State.AHEAD: DatabaseFacts(("d", "z")),
    State.UNKNOWN_REVISION: DatabaseFacts(("d", "z")),
    State.DIVERGED: DatabaseFacts(("a", "c")),
}
"""Facts that lead to each state, in the history LINE with target d."""

HARMLESS = Judgement(newer=("+ column t.note text",), agreeing=9, expected=9)

UNPROVEN = HISTORY = history(LINE, "d")
ADOPTED = history(LINE, "d", baseline="b")


def decided(state: State, wanted: History, ahead: Ahead = Ahead.PROVE) -> Plan:
    finding = HARMLESS if state is State.AHEAD else None
    return decide(state, FACTS[state], wanted, ahead, finding)


def refusal(plan: Plan) -> HeadstartError:
    assert isinstance(plan, Refuse)
    return plan.error


@pytest.mark.parametrize("state", State)
def test_the_facts_of_these_tests_are_in_the_state_they_stand_for(state: State) -> None:
    # the rows of the two are alike; a look at the schema tells them apart
    detected = State.UNKNOWN_REVISION if state is State.AHEAD else state
    assert detect(FACTS[state], HISTORY) is detected


POLICIES = {
    (State.EMPTY, None): Upgrade(("a", "b", "c", "d")),
    (State.BEHIND, None): Upgrade(("c", "d")),
    (State.AT_HEAD, None): NothingToDo(),
    (State.UNVERSIONED, None): Unproven,
    (State.UNVERSIONED, "a baseline"): Baseline(("b",), ("c", "d")),
    (State.UNKNOWN_REVISION, None): UnknownRevision,
    (State.AHEAD, None): NothingToDo(Proof.FINGERPRINT, HARMLESS),
    (State.AHEAD, Ahead.ALLOW): NothingToDo(Proof.OPERATOR, Judgement()),
    (State.AHEAD, Ahead.REFUSE): UnknownRevision,
    (State.UNKNOWN_REVISION, Ahead.ALLOW): NothingToDo(Proof.OPERATOR, Judgement()),
    # nobody has judged it: the image has no fingerprints
    (State.UNKNOWN_REVISION, Ahead.AUTO): NothingToDo(Proof.OPERATOR, Judgement()),
    (State.DIVERGED, None): Diverged,
}
"""State, and the operator's word that changes its plan: to the plan, or the error of a refusal."""


@pytest.mark.parametrize(
    ("state", "ahead", "baseline"),
    [pytest.param(*case, id="-".join(case)) for case in product(State, Ahead, ("none", "b"))],
)
def test_every_state_has_one_plan_and_the_operators_word_counts_in_one_state_only(
    state: State, ahead: Ahead, baseline: str
) -> None:
    plan = decided(state, HISTORY if baseline == "none" else ADOPTED, ahead)
    word = "a baseline" if baseline != "none" else None
    expected = POLICIES.get((state, ahead)) or POLICIES.get((state, word)) or POLICIES[state, None]
    if isinstance(expected, type):
        assert type(refusal(plan)) is expected
    else:
        assert plan == expected


@pytest.mark.parametrize("state", [State.BEHIND, State.AT_HEAD, State.UNKNOWN_REVISION])
def test_a_database_with_a_version_row_is_never_stamped(state: State) -> None:
    assert not any(isinstance(decided(state, ADOPTED, ahead), Baseline) for ahead in Ahead)


def test_a_baseline_at_the_target_leaves_nothing_pending() -> None:
    plan = decided(State.UNVERSIONED, history(LINE, "d", baseline="d"))
    assert plan == Baseline(("d",), ())


def test_a_baseline_of_several_heads_stamps_them_all_in_a_fixed_order() -> None:
    plan = decided(State.UNVERSIONED, history(BRANCHES, "b, c", baseline="c, b"))
    assert plan == Baseline(("b", "c"), ())


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        pytest.param(State.EMPTY, HISTORY, id="upgrade of an empty database"),
        pytest.param(State.UNVERSIONED, ADOPTED, id="baseline"),
    ],
)
def test_a_role_that_may_not_create_is_refused_before_the_first_ddl(
    state: State, wanted: History
) -> None:
    facts = replace(FACTS[state], may_create=False, role="app", schema="public")
    error = refusal(decide(state, facts, wanted, Ahead.PROVE))
    assert type(error) is AccessRefused
    assert '"app"' in str(error)
    assert '"public"' in str(error)
    assert "GRANT" in error.next_step


@pytest.mark.parametrize("state", [State.BEHIND, State.AT_HEAD])
def test_a_versioned_database_does_not_need_the_right_to_create(state: State) -> None:
    facts = replace(FACTS[state], may_create=False)
    assert decide(state, facts, HISTORY, Ahead.PROVE) == decided(state, HISTORY)


def test_an_unproven_database_is_refused_even_where_the_role_may_not_create() -> None:
    facts = replace(FACTS[State.UNVERSIONED], may_create=False)
    assert type(refusal(decide(State.UNVERSIONED, facts, UNPROVEN, Ahead.PROVE))) is Unproven


@pytest.mark.parametrize(
    ("present", "missing", "text"),
    [
        pytest.param("b a", "c", "present: a, b; missing: c", id="some of ours"),
        pytest.param("b a", "", "present: a, b; missing: none", id="all of ours"),
    ],
)
def test_an_unproven_refusal_lists_the_tables_in_order(
    present: str, missing: str, text: str
) -> None:
    facts = DatabaseFacts(
        (),
        tables_present=frozenset(present.split()),
        tables_missing=frozenset(missing.split()),
    )
    error = refusal(decide(State.UNVERSIONED, facts, HISTORY, Ahead.PROVE))
    assert str(error).endswith(text)
    assert "HEADSTART_BASELINE" in error.next_step


def test_an_unknown_revision_is_named_and_no_known_one() -> None:
    message = str(refusal(decided(State.UNKNOWN_REVISION, HISTORY)))
    assert re.search(r"\bnames 'z'", message)
    assert re.search(r"newest is d\b", message)


@pytest.mark.parametrize(
    ("rows", "cure"),
    [
        pytest.param(("a", "c"), "delete the version row", id="overlapping rows"),
        pytest.param(("c",), "heads", id="rows beside the target"),
    ],
)
def test_a_divergence_names_its_rows_and_the_cure_of_its_kind(
    rows: tuple[str, ...], cure: str
) -> None:
    wanted = history(BRANCHES, "b")
    error = refusal(decide(State.DIVERGED, DatabaseFacts(rows), wanted, Ahead.PROVE))
    assert all(row in str(error) for row in rows)
    assert cure in error.next_step
