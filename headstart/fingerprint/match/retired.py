"""Partitions that retention has dropped or detached are no difference. Pure.

A job that drops the oldest partitions, or detaches them and keeps them a while, changes a schema
every month; the revision that made the partition is applied all the same. So where a partition by
range or list is gone together with all that was in it, or is an ordinary table now, neither side
has lines of it, and the answer names it.

An example: a state has the lines of `events` (partitioned) and of `events_2025`, with the one that
says what it is, `table, partition of events FOR VALUES FROM '2025-01-01' TO('2026-01-01')`.

    live has no line of events_2025          it is gone: its lines count on neither side
    live has `table events_2025 table`       it is detached: the same, and its own key with it
    live has no line of events               that is no retention: everything is missing
    the bound is DEFAULT                     nor is that: rows are refused that went there
    the bound is FOR VALUES WITH (a hash)    nor that: each remainder is needed

What refers to it from elsewhere is no part of it: a foreign key to it, a view of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.names import escaped, qualified, split_name
from headstart.fingerprint.file.states import Delta, Fingerprints
from headstart.patterns import pattern
from headstart.values import dataclass

_PARTITION = pattern(r", partition of (.+?) (FOR VALUES .*|DEFAULT\b.*)")
_MAY_GO = pattern(r"FOR VALUES (FROM|IN)\b")
"""By range or by list. Of a hash each remainder is needed, and of the rest of the rows the rest."""
_TABLES = ("table", "unlogged table", "partitioned table")
_PART_OF_ANOTHER = (", partition of ", ", inherits ")


@dataclass(frozen=True)
class Retired:
    """Partitions of a state that are gone from a schema, and those that are tables of their own."""

    gone: frozenset[str] = frozenset()
    detached: frozenset[str] = frozenset()

    @property
    def every(self) -> frozenset[str]:
        """All of them."""
        return self.gone | self.detached

    def __bool__(self) -> bool:
        return bool(self.every)

    def without(self, needed: frozenset[str]) -> "Retired":
        """Except these, which cannot be old."""
        return Retired(self.gone - needed, self.detached - needed)

    def names(self) -> tuple[str, ...]:
        """As the answer names them."""
        detached = (f"{name} (detached)" for name in self.detached)
        return tuple(sorted((*self.gone, *detached)))


def retired_in(expected: Iterable[str], live: Iterable[str]) -> Retired:
    """The partitions of an expected schema that retention has taken out of the live one."""
    parts = {part.name: part for part in _partitions(expected)}
    if not parts:
        return Retired()
    objects, tables = _objects(live)

    def is_retired(part: _Partition) -> bool:
        """Whether it is away, and what it was a part of is there, or away for that reason, too."""
        if part.name in objects and not _stands_alone(tables.get(part.name, "")):
            return False
        if part.parent in parts and is_retired(parts[part.parent]):
            return True  # with all that was in it
        return part.may_go and part.parent in objects

    retired = frozenset(name for name, part in parts.items() if is_retired(part))
    return Retired(retired - objects, retired & objects)


def partitions_made_by(delta: Delta) -> frozenset[str]:
    """The partitions that a step makes."""
    return frozenset(part.name for part in _partitions(delta.added))


def without(lines: Iterable[str], names: frozenset[str]) -> frozenset[str]:
    """The lines of all other objects."""
    return frozenset(line for line in lines if line.split("\t", 2)[1] not in names)


def live_without(live: Live, retired: Retired) -> Live:
    """The schema without them; what it tolerates of a detached one is no news either."""
    return replace(
        live,
        lines=without(live.lines, retired.every),
        tolerated=tuple(sorted(without(live.tolerated, retired.every))),
        retired=retired.names(),
    )


def fingerprints_without(fingerprints: Fingerprints, names: frozenset[str]) -> Fingerprints:
    """The states without the lines of these objects; what they are called stays."""
    return replace(
        fingerprints,
        states=tuple(
            replace(
                state,
                delta=Delta(without(state.delta.added, names), without(state.delta.removed, names)),
            )
            for state in fingerprints.states
        ),
    )


@dataclass(frozen=True)
class _Partition:
    """A partition, what it is a part of, and whether retention may take it away by itself."""

    name: str
    parent: str
    may_go: bool


def _partitions(lines: Iterable[str]) -> Iterator[_Partition]:
    for line in lines:
        if line.startswith("table\t") and (part := _PARTITION.search(line)):
            with suppress(ValueError):
                # a server quotes keywords, a line does not
                parent = escaped(qualified(*split_name(part[1])))
                yield _Partition(line.split("\t", 2)[1], parent, bool(_MAY_GO.match(part[2])))


def _objects(lines: Iterable[str]) -> tuple[frozenset[str], Mapping[str, str]]:
    every = [line.split("\t") for line in lines]
    tables = {name: detail for kind, name, _, detail in every if kind == "table"}
    return frozenset(name for _, name, _, _ in every), tables


def _stands_alone(detail: str) -> bool:
    """Whether it is a table of its own; what is no table at all is not."""
    return detail.startswith(_TABLES) and not any(word in detail for word in _PART_OF_ANOTHER)
