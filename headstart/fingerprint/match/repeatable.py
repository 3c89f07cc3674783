"""Compare two replays of one history: what differs is no fact of it. Pure.

An example: a revision names a constraint by chance, and an update of the clock makes a default.

    first:   t.made default '2026-01-01'   unique t uq_4f1 (a)
    second:  t.made default '2026-01-02'   unique t uq_9bc (a)

The default is a fact of one key with two details; the constraints have two names and one detail.
Both pairs give a pattern (file/free.py). Where neither helps, a fact is there in one replay only:
then its key is free, whatever its detail.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from headstart.fingerprint.file.free import any_detail, matcher, pattern_of
from headstart.fingerprint.file.states import Fingerprints, RecordedState, key_of

Patterns = Mapping[str, frozenset[str]]
"""By the state in which they begin."""


def unrepeatable(first: Fingerprints, second: Fingerprints, free: Iterable[str] = ()) -> Patterns:
    """The patterns of the facts in which two replays differ, by the first state that has them.

    `free` are those that are known.
    """
    found: dict[str, frozenset[str]] = {}
    known = {*first.free, *free}
    for name in first.steps:
        if name not in second.steps:
            continue
        is_free = matcher(known)
        one, other = first.lines(name), second.lines(name)
        mine = {line for line in one - other if not is_free(line)}
        theirs = {line for line in other - one if not is_free(line)}
        if new := frozenset(_patterns(mine, theirs)):
            found[name] = new
            known |= new
    return found


def with_rows_of_both(first: Fingerprints, second: Fingerprints) -> Fingerprints:
    """Without the rows that only one replay has inserted: they prove nothing."""

    def kept(state: RecordedState) -> RecordedState:
        again = second.by_name.get(state.name)
        if again is None:
            return state
        return replace(state, rows=tuple(row for row in state.rows if row in again.rows))

    return replace(first, states=tuple(map(kept, first.states)))


def _patterns(mine: set[str], theirs: set[str]) -> Iterator[str]:
    """Pair the lines, the closest kin first; what finds no partner is there by chance."""
    for kin in _KINS:
        by_kin: dict[object, tuple[list[str], list[str]]] = {}
        for place, lines in enumerate((mine, theirs)):
            for line in sorted(lines):
                by_kin.setdefault(kin(line), ([], []))[place].append(line)
        for one, other in by_kin.values():
            for left, right in _pairs(one, other):
                pattern = pattern_of(left, right)
                if pattern is not None:
                    yield pattern
                    mine.discard(left)
                    theirs.discard(right)
    yield from map(any_detail, mine | theirs)


def _pairs(one: list[str], other: list[str]) -> Iterable[tuple[str, str]]:
    """Each with some partner: of several alike, the longer list begins again in the shorter one."""
    if not one or not other:
        return ()
    most = max(len(one), len(other))
    return [(one[at % len(one)], other[at % len(other)]) for at in range(most)]


def _fields(*places: int) -> Callable[[str], object]:
    return lambda line: tuple(line.split("\t")[place] for place in places)


_KINS: tuple[Callable[[str], object], ...] = (
    key_of,
    _fields(0, 1, 3),  # another name
    _fields(0, 2, 3),  # of another object
    _fields(0, 3),  # both
)
