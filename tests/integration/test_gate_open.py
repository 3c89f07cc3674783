"""Where nothing is to do and nothing has changed, the gate says so."""

from tests.integration.gate_stage import assert_open, opened
from tests.integration.known_stage import KnownStage


def test_the_second_run_is_answered_by_the_gate(known: KnownStage) -> None:
    assert_open(opened(known))
