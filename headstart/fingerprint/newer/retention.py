"""Which partitions that are gone nobody misses: the oldest of a range of times, long past. Pure.

An example, on 2026-11-30. Of `events`, by RANGE (at), a timestamp, the state has a partition for
each year from 2024 to 2027:

    events_2024 is gone                          retention: harmless, and named
    events_2025 is gone, events_2024 is there    it is not the oldest: everything is missing
    events_2024, _2025 and _2026 are gone        doubtful: rows of now belong into events_2026
    the range is one of numbers or names         doubtful: nobody knows what is written
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from headstart.fingerprint.newer.ruling import HARMLESS, Ruling, doubtful
from headstart.fingerprint.newer.schema import Schema, written
from headstart.patterns import pattern
from headstart.values import dataclass

_PART = pattern(r", partition of (.+?) (?:FOR VALUES|DEFAULT)\b(.*)", 16)  # re.DOTALL
_RANGE = pattern(r" FROM ?\(?(.+?)\)? TO ?\((.+)\)", 16)  # re.DOTALL
_KEY = pattern(r"\bby RANGE ?\(([^(),]+)\)")
_TIMES = pattern(r"date|timestamp(?:\(\d\))? with(?:out)? time zone")
LATE = timedelta(days=7)
"""Rows come later than their time, and no clock is that of another one."""


@dataclass(frozen=True)
class _Part:
    """A partition; `start` and `end` are the bounds of a range, empty for another partition."""

    parent: str
    start: str
    end: str

    @property
    def order(self) -> tuple[int, str]:
        """By time where it is one, and numbers by their length first."""
        if self.start == "MINVALUE":
            return -1, ""
        moment = _moment(self.start)
        if moment is None:
            return len(self.start), self.start
        return 0, moment.isoformat(timespec="microseconds")


def not_old(expected: Iterable[str], live: Iterable[str]) -> frozenset[str]:
    """The partitions of an expected schema before which, or beside which, another one is left."""
    parts, there = _parts(Schema.of(expected)), _parts(Schema.of(live))
    least: dict[str, tuple[int, str]] = {}
    for part in there.values():
        if part.start:
            least[part.parent] = min(part.order, least.get(part.parent, part.order))

    def is_needed(part: _Part) -> bool:
        if part.parent in parts and part.parent not in there:
            return is_needed(parts[part.parent])
        return not part.start or part.parent not in least or part.order > least[part.parent]

    return frozenset(name for name, part in parts.items() if is_needed(part))


def of_retired(
    expected: Iterable[str], retired: Iterable[str], now: datetime | None
) -> Iterator[tuple[str, Ruling]]:
    """Each partition that is gone, or detached, as a person reads it, and what that does.

    `retired` are their names, with "(detached)" behind those that are tables of their own. `now` is
    the server's time, in UTC.
    """
    schema = Schema.of(expected)
    parts = _parts(schema)
    names = {each.removesuffix(" (detached)"): each for each in retired}
    for name in sorted(names.keys() & parts.keys()):
        part = parts[name]
        if part.parent in names:
            continue  # it is gone with its parent
        of_what = f"partition {names[name]} of {part.parent}"
        if now is not None and _is_by_time(schema, part.parent) and _is_past(part.end, now):
            yield f"- {of_what}", HARMLESS
        else:
            yield f"- {of_what}", doubtful(f"{of_what} is gone: rows may still belong into it")


def _parts(schema: Schema) -> Mapping[str, _Part]:
    found = {}
    for each in schema.of_kind("table"):
        if match := _PART.search(each.detail):
            bounds = _RANGE.match(match[2])
            start, end = (bounds[1].strip("'"), bounds[2].strip("'")) if bounds else ("", "")
            found[each.thing] = _Part(written(match[1]), start, end)
    return found


def _is_by_time(schema: Schema, table: str) -> bool:
    """Whether it is partitioned by one column alone, which holds times."""
    for each in schema.about(table, "table"):
        if (key := _KEY.search(each.detail)) and (column := schema.column(table, key[1].strip())):
            return _TIMES.fullmatch(column.type) is not None
    return False


def _is_past(end: str, now: datetime) -> bool:
    moment = _moment(end)
    return moment is not None and now - LATE >= moment


def _moment(bound: str) -> datetime | None:
    """None for infinity, MAXVALUE, a time before our era, and what is no time."""
    try:
        moment = datetime.fromisoformat(bound) if bound[4:5] == "-" else None
        if moment is None:
            return None
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
