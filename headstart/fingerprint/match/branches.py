"""States with other heads than the replay had, which took the branches one after another. Pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from headstart.facts.state import History
from headstart.fingerprint.file.states import BASE, Delta, Fingerprints, key_of
from headstart.fingerprint.match.candidate import Candidate

MOST_COMPOSED = 2_000
"""More states than this are not composed: branches beside branches multiply."""


def other_ways(live: frozenset[str], known: Fingerprints, history: History) -> Iterator[Candidate]:
    """The states that are reached where the revisions are applied in another order."""
    if all(len(state.revisions) < 2 for state in known.states):
        return
    ways = _Ways(history)
    todo, done = ways.forks(known)
    while todo and len(done) < MOST_COMPOSED:
        at = todo.popleft()
        for revision in sorted(at.next & known.steps.keys()):
            further = ways.take(at, revision, known.steps[revision].delta)
            if further.applied not in done:
                done.add(further.applied)
                todo.append(further)
                yield _candidate(live, history.heads_of(further.applied), at, further, revision)


def compose(lines: frozenset[str], delta: Delta) -> frozenset[str]:
    """Apply a delta to lines that it was not made for: a fact is replaced whatever it was."""
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

    def forks(self, known: Fingerprints) -> tuple[deque[_Place], set[frozenset[str]]]:
        """The recorded places from which another way leads than the replay took, and all passed."""
        base = known.lines(BASE) if BASE in known.by_name else frozenset[str]()
        first = frozenset(r for r, needed in self._needed.items() if not needed)
        place = _Place(frozenset(), first, base)
        forks, done = deque([place] if len(first) > 1 else []), {place.applied}
        for revision, state in known.steps.items():
            if revision not in place.next:
                continue
            place = self.take(place, revision, state.delta)
            done.add(place.applied)
            if len(place.next) > 1:
                forks.append(place)
        return forks, done

    def take(self, place: _Place, revision: str, delta: Delta) -> _Place:
        """Go one step."""
        applied = place.applied | {revision}
        ready = (r for r in self._children.get(revision, ()) if self._needed[r] <= applied)
        following = (place.next - {revision}) | frozenset(ready)
        return _Place(applied, following, compose(place.lines, delta))
