"""Which partitions retention cannot have taken: those that are not the oldest. Pure.

A partition of a range that is gone is no difference where nobody writes to it any more. One with
a partition before it that is still there is no old one: rows of ours may belong into it.
"""

from collections.abc import Iterable

from headstart.fingerprint.newer.schema import Schema
from headstart.patterns import pattern

_RANGE = pattern(r", partition of (.+?) FOR VALUES FROM ?\(?(.+?)\)? TO ?\((.+)\)", 16)  # re.DOTALL


def not_old(expected: Iterable[str], live: Iterable[str]) -> frozenset[str]:
    """The partitions of an expected schema before which, or beside which, another one is left."""
    ranges, there = _ranges(expected), _ranges(live)
    least: dict[str, tuple[int, str]] = {}
    for parent, start in there.values():
        least[parent] = min(start, least.get(parent, start))
    return frozenset(
        part
        for part in _partitions(expected)
        if part not in ranges
        or ranges[part][0] not in least
        or ranges[part][1] > least[ranges[part][0]]
    )


def _partitions(lines: Iterable[str]) -> list[str]:
    tables = Schema.of(lines).of_kind("table")
    return [each.thing for each in tables if ", partition of " in each.detail]


def _ranges(lines: Iterable[str]) -> dict[str, tuple[str, tuple[int, str]]]:
    """Of each partition of a range its parent, and where it begins."""
    found = {}
    for each in Schema.of(lines).of_kind("table"):
        if match := _RANGE.search(each.detail):
            start = match[2].strip("'")
            # numbers by their length first; days and times are all of one length
            found[each.thing] = (match[1], (len(start), start))
    return found
