"""What is held back: the contract revisions, and what needs them."""

from dataclasses import replace

import pytest

from headstart.decision.hold import held_of, hold_back
from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade
from headstart.facts.phase import Phase
from headstart.facts.state import DatabaseFacts
from headstart.fingerprint.newer.ruling import Judgement
from tests.unit.histories import history

GRAPH = "a; b:a; c:b; d:c; x:a"
HISTORY = replace(history(GRAPH, "d"), targets=frozenset({"d", "x"}))
PHASES = {"b": Phase.EXPAND, "c": Phase.CONTRACT}


HARMLESS = Judgement()


def held(plan: Plan, rows: tuple[str, ...], judgement: Judgement | None = HARMLESS) -> Plan:
    return hold_back(plan, DatabaseFacts(rows), HISTORY, PHASES, lambda _: judgement)


def test_it_is_the_contract_revisions_and_all_that_need_them() -> None:
    assert held_of(("b", "c", "d", "x"), HISTORY, PHASES) == ("c", "d")
    assert held_of(("b", "x"), HISTORY, PHASES) == ()


def test_the_rest_runs() -> None:
    plan = held(Upgrade(("b", "c", "d", "x")), ("a",))
    assert plan == Upgrade(("b", "x"), ("c", "d"))


def test_where_nothing_else_is_pending_nothing_is_to_be_done() -> None:
    assert held(Upgrade(("c", "d")), ("b", "x")) == NothingToDo(held=("c", "d"))


def test_what_is_judged_is_the_schema_without_them() -> None:
    asked: list[frozenset[str]] = []

    def judge(rows: frozenset[str]) -> Judgement:
        asked.append(rows)
        return Judgement()

    facts = DatabaseFacts(("a",))
    hold_back(Upgrade(("b", "c", "d", "x")), facts, HISTORY, PHASES, judge)
    assert asked == [frozenset({"b", "x"})]


@pytest.mark.parametrize(
    "judgement", [None, Judgement(doubts=("may",)), Judgement(breaks=("does",))], ids=str
)
def test_without_a_proof_it_is_refused(judgement: Judgement | None) -> None:
    assert isinstance(held(Upgrade(("c", "d")), ("b", "x"), judgement), Refuse)


def test_an_empty_database_is_brought_to_its_head() -> None:
    plan = Upgrade(("a", "b", "c", "d", "x"))
    assert held(plan, ()) is plan


def test_a_stamped_database_is_no_empty_one() -> None:
    plan = held(Baseline(("b",), ("c", "d", "x")), ())
    assert plan == Baseline(("b",), ("x",), held=("c", "d"))


def test_a_history_without_what_is_held_has_other_targets() -> None:
    assert HISTORY.without(("c", "d")).targets == {"b", "x"}
    assert HISTORY.without(()) is HISTORY
