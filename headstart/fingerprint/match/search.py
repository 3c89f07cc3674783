"""Which of the known states a schema is in, or between, or nearest to. Pure.

One pass over the deltas: |live xor state| is kept, and adjusted by one for each line of a delta.
The same for the states that nobody replayed: a variant that was upgraded further (carried.py), and
heads of branches that the replay took in another order (branches.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headstart.facts.state import History
from headstart.fingerprint.file.states import BASE, Fingerprints, RecordedState
from headstart.fingerprint.match.branches import other_ways
from headstart.fingerprint.match.candidate import Candidate
from headstart.fingerprint.match.carried import carried
from headstart.fingerprint.match.changes import changes, count_changes
from headstart.fingerprint.match.half_applied import half_applied_in_between
from headstart.fingerprint.show.equivalent import are_equivalent, loose_line


@dataclass(frozen=True)
class Matches:
    """What the search found: exact states; else equivalent, half applied and the nearest ones."""

    exact: tuple[Candidate, ...] = ()
    equivalent: tuple[Candidate, ...] = ()
    half_applied: tuple[Candidate, ...] = ()
    nearest: tuple[Candidate, ...] = ()


def search(live: frozenset[str], known: Fingerprints, history: History) -> Matches:
    """Compare a schema with every state."""
    every = list(candidates(live, known, history))
    exact = tuple(each for each in every if each.distance == 0)
    if exact:
        return Matches(exact=exact)
    alike = equivalent_states(live, known)
    if equivalent := tuple(each for each in every if each.name in alike and not each.composed):
        return Matches(equivalent=equivalent)
    if half := tuple(each for each in every if each.is_half_applied):
        return Matches(half_applied=half)
    if half := tuple(half_applied_in_between(live, known, every)):
        return Matches(half_applied=half)
    return Matches(nearest=_nearest(live, known, every))


def expected_states(
    live: frozenset[str], known: Fingerprints, history: History, revisions: frozenset[str]
) -> list[frozenset[str]]:
    """Every schema that these heads are known to have; of the unreplayed ones only if needed."""
    recorded = [known.lines(s.name) for s in known.states if s.revisions == revisions]
    if not revisions and not recorded:  # before the first revision there is nothing
        return [frozenset()]
    if live in recorded:
        return recorded
    further = (c for c in _unreplayed(live, known, history, distances(live, known.states)))
    return [*recorded, *(each.lines for each in further if each.revisions == revisions)]


def candidates(live: frozenset[str], known: Fingerprints, history: History) -> Iterable[Candidate]:
    """Every state, with its distance; one that nobody replayed where it is another's schema."""
    near = distances(live, known.states)
    for state in known.states:
        yield _recorded(state, known, near, len(live))
    yield from _unreplayed(live, known, history, near)


def distances(live: frozenset[str], states: Iterable[RecordedState]) -> Mapping[str, int]:
    """|live xor state| for every state, by name."""
    found: dict[str, int] = {}
    for state in states:
        added, removed = state.delta.added, state.delta.removed
        # a line that live has too brings the state nearer, any other takes it further away
        nearer = len(added & live) - len(removed & live)
        before = len(live) if state.parent is None else found[state.parent]
        found[state.name] = before + len(added) - len(removed) - 2 * nearer
    return found


def equivalent_states(live: frozenset[str], known: Fingerprints) -> frozenset[str]:
    """The names of the states that differ in names and spellings alone.

    Found by a sum over the facts, in one pass, and then compared.
    """

    def loose_sum(lines: Iterable[str]) -> int:
        return sum(hash(loose_line(line)) for line in lines)

    wanted = loose_sum(live)
    sums: dict[str | None, int] = {None: 0}
    for state in known.states:
        change = loose_sum(state.delta.added) - loose_sum(state.delta.removed)
        sums[state.name] = sums[state.parent] + change
    alike = (name for name, found in sums.items() if name is not None and found == wanted)
    return frozenset(name for name in alike if are_equivalent(known.lines(name), live))


def _recorded(
    state: RecordedState, known: Fingerprints, near: Mapping[str, int], alone: int
) -> Candidate:
    is_step = not state.is_variant and state.name != BASE
    return Candidate(
        state.name,
        state.revisions,
        near[state.name],
        lambda: known.lines(state.name),
        step=state.name if is_step else None,
        step_size=len(state.delta),
        distance_before=alone if state.parent is None else near[state.parent],
    )


def _unreplayed(
    live: frozenset[str], known: Fingerprints, history: History, near: Mapping[str, int]
) -> Iterable[Candidate]:
    yield from other_ways(live, known, history)
    for variant in known.variants:
        yield from carried(live, known, near, variant)


def _nearest(
    live: frozenset[str], known: Fingerprints, every: Iterable[Candidate]
) -> tuple[Candidate, ...]:
    """The states from which the fewest changes lead to a schema."""
    recorded = changes(live, known.states)
    least = min(recorded.values(), default=len(live))
    counts = []
    for each in every:
        count = recorded.get(each.name)
        if each.composed or count is None:
            # only near ones: there may be many, and this takes all lines of each
            count = count_changes(live, each.lines) if each.distance <= 2 * least else least + 1
        counts.append((count, each))
    smallest = min((count for count, _ in counts), default=0)
    return tuple(each for count, each in counts if count == smallest)
