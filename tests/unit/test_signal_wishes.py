"""A second signal ends the process on the spot; one that comes with the first does not."""

import math
import signal

import pytest

from headstart.process import signals as module
from headstart.process.signals import ONE_WISH_SECONDS, Signals


class Clock:
    """What time it is, and with which codes the process was ended."""

    def __init__(self) -> None:
        self.now, self.codes = 100.0, list[int]()

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that a test turns, in place of the module's; no process is ended."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "end_process", clock.codes.append)
    return clock


def noted(signals: Signals, clock: Clock, *signums: int, pause: float) -> list[int]:
    """Let these signals come, one after the other; the codes with which the process was ended."""
    for signum in signums:
        signals._note(signum)
        clock.now += pause
    return clock.codes


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_process(clock: Clock, second: int) -> None:
    pause = ONE_WISH_SECONDS + 0.01
    assert noted(Signals(), clock, signal.SIGTERM, second, pause=pause) == [128 + second]


def test_one_that_comes_with_the_first_is_the_same_wish(clock: Clock) -> None:
    signals = Signals()
    assert noted(signals, clock, *[signal.SIGTERM] * 3, pause=ONE_WISH_SECONDS / 4) == []
    assert signals.received == signal.SIGTERM


def test_to_a_process_of_a_fleet_each_is_the_same_wish(clock: Clock) -> None:
    assert noted(Signals(math.inf), clock, signal.SIGTERM, signal.SIGTERM, pause=60) == []
