"""Many runs started at once on one empty database: one works, the others find its work done."""

from contextlib import ExitStack

from tests.harness.result import Result
from tests.harness.slow import APPLIED, start

RUNS = 20
IN_A_ROW = 5
"""How often one does not show what goes wrong now and then."""
SECONDS = 120
"""What all of them may take: each one starts Python and loads Alembic, on few cores."""


def run_at_once(url: str) -> list[Result]:
    """Start them all, then wait for each to end."""
    with ExitStack() as stack:
        runs = [stack.enter_context(start(url)) for _ in range(RUNS)]
        return [run.end(SECONDS) for run in runs]


def assert_one_worked(ends: list[Result]) -> None:
    """Exactly one upgraded, everything; the others waited for it and had nothing to do."""
    outcomes = sorted(end.outcome for end in ends)
    assert outcomes == ["nothing_to_do"] * (RUNS - 1) + ["upgraded"]
    assert {end.exit_code for end in ends} == {0}
    assert [end.applied for end in ends if end.applied] == [APPLIED]
    assert all(end.verdict["to"] == ["0003"] for end in ends)
