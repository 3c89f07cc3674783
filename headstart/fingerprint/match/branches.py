"""Compose the states of branches in another order than the replay took them in. Pure.

A replay is one line: with two branches it runs one after the other, and never sees the second one
alone. A database may have just that.

An example: b and c are branches beside each other, both after a, and m merges them.

    a: +t +t.x int     b: -t.x int +t.x text     c: +u     m: nothing

The replay went a, b, c, m, so the file has the states {a}, {a b}, {a b c}, {a b c m}; the database
has {a c}, the lines `t`, `t.x int`, `u`. The walk:

    forks()   after a both b and c may come: a is a fork, {a} and all that was replayed is done
    take()    from {a}: b leads to {a b}, which is done; c leads to {a c}, which is new. Its lines
              are the lines of a, with the delta of c applied: `t`, `t.x int`, `u`
    take()    from {a c}: b leads to {a b c}, which is done. The queue is empty

The one candidate is c, composed, at distance 0.
"""

from collections import deque
from collections.abc import Iterator

from headstart.facts.state import History
from headstart.fingerprint.file.states import BASE, Delta, Fingerprints, key_of
from headstart.fingerprint.match.candidate import Candidate
from headstart.values import dataclass

MOST_COMPOSED = 2_000
"""More states than this are not composed: branches beside branches multiply."""


def other_ways(
    live: frozenset[str], fingerprints: Fingerprints, history: History
) -> Iterator[Candidate]:
    """The states that another order of the revisions leads to."""
    if all(len(state.revisions) < 2 for state in fingerprints.states):
        return  # a history without branches: nothing can come in another order
    ways = _Ways(history)
    todo, done = ways.forks(fingerprints)
    while todo and len(done) < MOST_COMPOSED:
        at = todo.popleft()
        for revision in sorted(at.next & fingerprints.steps.keys()):
            further = ways.take(at, revision, fingerprints.steps[revision].delta)
            # a place is the set of what is applied: two ways to one set count as one schema
            if further.applied not in done:
                done.add(further.applied)
                todo.append(further)
                yield _candidate(live, history.heads_of(further.applied), at, further, revision)


def compose(lines: frozenset[str], delta: Delta) -> frozenset[str]:
    """Apply a delta to lines that it was not made for: a fact is replaced whatever it was.

    The plain way (Delta.on) would leave two lines of one column if a branch that is not
    here had changed its type before.
    """
    keys = {key_of(line) for line in (*delta.added, *delta.removed)}
    return frozenset(line for line in lines if key_of(line) not in keys) | delta.added


@dataclass(frozen=True)
class _Place:
    """What is applied somewhere on the way, and what could be next."""

    applied: frozenset[str]
    next: frozenset[str]
    lines: frozenset[str]


def _candidate(
    live: frozenset[str], heads: frozenset[str], before: _Place, after: _Place, step: str
) -> Candidate:
    return Candidate(
        "+".join(sorted(heads)),
        heads,
        len(live ^ after.lines),
        lambda: after.lines,
        composed=True,
        step=step,
        step_size=len(before.lines ^ after.lines),
        distance_before=len(live ^ before.lines),
    )


class _Ways:
    """The ways through a history, whichever branch comes first."""

    def __init__(self, history: History) -> None:
        self._needed = history.requirements
        self._children: dict[str, list[str]] = {}
        for revision, needed in history.requirements.items():
            for one in needed:
                self._children.setdefault(one, []).append(revision)

    def forks(self, fingerprints: Fingerprints) -> tuple[deque[_Place], set[frozenset[str]]]:
        """The recorded places with another way on than the replay's, and all it has passed."""
        base = fingerprints.lines(BASE) if BASE in fingerprints.by_name else frozenset[str]()
        first = frozenset(r for r, needed in self._needed.items() if not needed)
        place = _Place(frozenset(), first, base)
        forks, done = deque([place] if len(first) > 1 else []), {place.applied}
        for revision, state in fingerprints.steps.items():
            if revision not in place.next:
                continue  # no longer in this history, or its parents were not replayed
            place = self.take(place, revision, state.delta)
            done.add(place.applied)
            if len(place.next) > 1:
                forks.append(place)
        return forks, done

    def take(self, place: _Place, revision: str, delta: Delta) -> _Place:
        """Go one step."""
        applied = place.applied | {revision}
        # a merge is next only when all its parents are applied
        ready = (r for r in self._children.get(revision, ()) if self._needed[r] <= applied)
        following = (place.next - {revision}) | frozenset(ready)
        return _Place(applied, following, compose(place.lines, delta))
