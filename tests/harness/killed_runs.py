"""A run that is killed in the middle of a statement, and the one that comes after it."""

from collections.abc import Callable

from tests.harness.program import until
from tests.harness.slow import APPLIED, run, start

Query = Callable[[str], list[tuple[object, ...]]]
"""Runs SQL on a connection of the test's own and gives its rows."""

GONE_SECONDS = 5
"""What the next run may wait for the dead one, once Python has started."""
SLEEPERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE query LIKE '%pg_sleep(60%' AND state <> 'idle' AND pid <> pg_backend_pid()"
)


def assert_next_run_proceeds_after_sigkill(url: str, query: Query) -> None:
    """The killed run's statement ends on the server, and the next run need not wait for it."""
    with start(url, SLOW_SECONDS="60") as killed:
        until(lambda: query(SLEEPERS) == [(1,)], "a statement that takes a minute")
        killed.kill()
    end = run(url, SLOW_SECONDS="0")
    assert end.outcome == "upgraded"
    assert end.applied == APPLIED[1:]
    assert end.verdict["lock_wait_seconds"] < GONE_SECONDS
    assert query(SLEEPERS) == [(0,)]
