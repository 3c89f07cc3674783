"""The kinds of values that only a fleet's settings have: a shard, a number, a budget. Pure.

A parser turns a text into the value, or raises ValueError, which names what is expected.
"""

import re

from headstart.patterns import pattern
from headstart.values import dataclass

MOST_SHARDS = 100_000
"""What an Indexed Job of Kubernetes may have. Source: its documentation of `completions`."""
MOST_JOBS = 500
"""Each of them is a process, and holds up to three connections."""
_SHARD = pattern(r"(\d{1,6})/(\d{1,6})", re.ASCII)
_BUDGET = pattern(r"(\d{1,9})(%?)", re.ASCII)
_NUMBER = pattern(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """Which part of a fleet: `index` counts from 0 to `count` - 1."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.index}/{self.count}"


@dataclass(frozen=True)
class Budget:
    """How many targets may fail: a number, or a share of them in per cent."""

    number: int
    is_percent: bool = False

    def of(self, targets: int) -> int:
        """The number for so many targets, rounded down."""
        return targets * self.number // 100 if self.is_percent else self.number


def shard(value: str) -> Shard:
    """One of several shards, as i/n."""
    found = _SHARD.fullmatch(value.strip())
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not index < count <= MOST_SHARDS:
        raise ValueError(
            "i/n, such as 0/8: the shard, counted from 0 to n - 1, and how many there are, at most"
            f" {MOST_SHARDS}"
        )
    return Shard(index, count)


def shards(value: str) -> int:
    """How many shards there are."""
    return _number(value, MOST_SHARDS)


def jobs(value: str) -> int:
    """How many targets are worked on at once."""
    return _number(value, MOST_JOBS)


def budget(value: str) -> Budget:
    """How many targets may fail, as a number or in per cent."""
    found = _BUDGET.fullmatch(value.strip())
    if not found or (found[2] and int(found[1]) > 100):
        raise ValueError("a number of targets, or 0% to 100%")
    return Budget(int(found[1]), bool(found[2]))


def _number(value: str, most: int) -> int:
    found = _NUMBER.fullmatch(value.strip())
    if not found or not 1 <= int(found[0]) <= most:
        raise ValueError(f"a number from 1 to {most}")
    return int(found[0])
