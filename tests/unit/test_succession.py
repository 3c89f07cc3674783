"""The base of a squashed history, in the place of what it replaces."""

from dataclasses import replace

import pytest

from headstart.decision.choice import decide
from headstart.decision.plan import Baseline, Plan, Refuse
from headstart.facts.state import DatabaseFacts, State
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.match.finding import Proven
from headstart.settings.kinds import Ahead
from headstart.verdict.errors import Diverged, UnknownRevision
from tests.unit.histories import TWO_BASES, history

REPLACED = {"a": ("r1", "r2")}


def decided(row: str, proven: str = "a", target: str = "b") -> Plan:
    squashed = replace(history(TWO_BASES, target), replaced=REPLACED)
    finding = Proven((proven,), proven, False, (), Live(frozenset()))
    facts = DatabaseFacts((row,))
    return decide(State.UNKNOWN_REVISION, facts, squashed, Ahead.PROVE, finding)


def test_it_takes_the_place_of_the_last_one() -> None:
    plan = decided("r2")
    assert isinstance(plan, Baseline)
    assert (plan.revisions, plan.pending, plan.instead_of) == (("a",), ("b",), ("r2",))


@pytest.mark.parametrize(
    ("row", "proven", "target", "error"),
    [
        ("r1", "a", "b", UnknownRevision),
        ("r2", "b", "b", UnknownRevision),
        ("r2", "a", "y", Diverged),
    ],
    ids=["not the last", "another schema", "a target without it"],
)
def test_otherwise_it_is_refused(
    row: str, proven: str, target: str, error: type[Exception]
) -> None:
    plan = decided(row, proven, target)
    assert isinstance(plan, Refuse)
    assert type(plan.error) is error
