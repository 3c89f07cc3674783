"""Deadlines and delays on a `now` that the test chooses."""

from itertools import pairwise
from math import inf

import pytest

from headstart.process.deadline import (
    FIRST_DELAY_SECONDS,
    LONGEST_DELAY_SECONDS,
    Deadline,
    backoff_seconds,
    deadline_after,
)

NOW = 1000.0


@pytest.mark.parametrize(
    ("at", "remaining", "passed"),
    [
        pytest.param(NOW + 5, 5.0, False, id="ahead"),
        pytest.param(NOW, 0.0, True, id="this moment"),
        pytest.param(NOW - 5, 0.0, True, id="gone"),
        pytest.param(inf, inf, False, id="none"),
    ],
)
def test_what_remains_is_never_negative_and_a_deadline_passes_at_its_moment(
    at: float, remaining: float, passed: bool
) -> None:
    assert Deadline(at).remaining(NOW) == remaining
    assert Deadline(at).passed(NOW) is passed


@pytest.mark.parametrize(
    ("at", "seconds", "clipped"),
    [
        pytest.param(NOW + 5, 2.0, 2.0, id="shorter than what is left"),
        pytest.param(NOW + 5, 9.0, 5.0, id="longer than what is left"),
        pytest.param(NOW - 5, 9.0, 0.0, id="nothing left"),
        pytest.param(inf, 9.0, 9.0, id="no deadline"),
        pytest.param(NOW + 5, inf, 5.0, id="an endless duration"),
        pytest.param(inf, inf, inf, id="neither ends"),
    ],
)
def test_a_duration_is_clipped_to_what_is_left(at: float, seconds: float, clipped: float) -> None:
    assert Deadline(at).clip(seconds, NOW) == clipped


@pytest.mark.parametrize(
    ("at", "seconds", "earlier"),
    [
        pytest.param(NOW + 5, 2.0, NOW + 2, id="the new one"),
        pytest.param(NOW + 5, 9.0, NOW + 5, id="the old one"),
        pytest.param(inf, 9.0, NOW + 9, id="there was none"),
        pytest.param(NOW + 5, inf, NOW + 5, id="the new one is endless"),
        pytest.param(inf, inf, inf, id="neither ends"),
        pytest.param(NOW - 5, 9.0, NOW - 5, id="the old one is gone"),
    ],
)
def test_within_takes_the_earlier_deadline(at: float, seconds: float, earlier: float) -> None:
    assert Deadline(at).within(seconds, NOW) == Deadline(earlier)


@pytest.mark.parametrize(
    ("seconds", "at"), [(None, inf), (0.0, NOW), (2.5, NOW + 2.5), (inf, inf)], ids=str
)
def test_a_deadline_after_seconds_counts_from_now(seconds: float | None, at: float) -> None:
    assert deadline_after(seconds, NOW) == Deadline(at)


def test_without_jitter_the_delay_doubles_until_it_is_the_longest() -> None:
    delays = [backoff_seconds(attempt, 0.0) for attempt in range(1, 9)]
    assert delays[0] == FIRST_DELAY_SECONDS
    assert delays[-1] == LONGEST_DELAY_SECONDS
    assert all(
        after == min(2 * before, LONGEST_DELAY_SECONDS) for before, after in pairwise(delays)
    )


@pytest.mark.parametrize("attempt", [1, 2, 5, 10, 11, 10**6])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_delay_is_between_half_the_first_and_the_longest(attempt: int, jitter: float) -> None:
    delay = backoff_seconds(attempt, jitter)
    assert FIRST_DELAY_SECONDS / 2 <= delay <= LONGEST_DELAY_SECONDS


@pytest.mark.parametrize("attempt", [1, 4, 20])
def test_jitter_takes_up_to_half_of_the_delay_away(attempt: int) -> None:
    full = backoff_seconds(attempt, 0.0)
    assert backoff_seconds(attempt, 0.5) == pytest.approx(full * 0.75)
    assert backoff_seconds(attempt, 1.0) == pytest.approx(full * 0.5)
