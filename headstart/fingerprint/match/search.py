"""Find the recorded state that a schema is in, is between, or is nearest to. Pure.

The distance to a state is the number of lines in which the two differ, |live xor state|. It is
computed in one pass over the deltas: each state's distance is its parent's, adjusted by one for
each line of the delta. States that nobody replayed are candidates too: a variant that was upgraded
further (carried.py), and heads of branches in another order than the replay's (branches.py).

An example. `t` is the line of a table, `t.x` that of a column; the file has three revisions:

    a: +t +t.x        b: +u +u.x +u.y        c: -t.x +t.z

and the database has the lines `t t.x u`. With no revision at all the distance is 3, then

    a  3 + 2 - 2*2 = 1    both lines of a are live: each brings the state nearer
    b  1 + 3 - 2*1 = 2    one of three is live
    c  2 + 1 - 1 + 2 = 4  t.x goes though it is live, t.z comes though it is not

No distance is 0, so no state is exact; none is equal but for names either. From a to b is a step
of 3 lines, and 1 + 2 = 3: every line that differs belongs to that step, so b is half applied. Had
the database `t t.x t.q` instead, no step would explain t.q, and the answer is the nearest state, a.
"""

from collections.abc import Iterable, Mapping

from headstart.facts.state import History
from headstart.fingerprint.file.states import BASE, Fingerprints, RecordedState
from headstart.fingerprint.match.branches import other_ways
from headstart.fingerprint.match.candidate import Candidate
from headstart.fingerprint.match.carried import carried
from headstart.fingerprint.match.changes import changes, count_changes
from headstart.fingerprint.match.half_applied import half_applied_in_between
from headstart.fingerprint.show.equivalent import are_equivalent, loose_line
from headstart.values import dataclass


@dataclass(frozen=True)
class Matches:
    """What the search found: exact states; else equivalent, half applied and the nearest ones."""

    exact: tuple[Candidate, ...] = ()
    equivalent: tuple[Candidate, ...] = ()
    half_applied: tuple[Candidate, ...] = ()
    nearest: tuple[Candidate, ...] = ()


def search(live: frozenset[str], fingerprints: Fingerprints, history: History) -> Matches:
    """Compare a schema with every state."""
    # the order is the strength of what is found: a state that is exact needs no explanation, and
    # "half applied" must not hide that nothing but a name differs
    every = list(candidates(live, fingerprints, history))
    exact = tuple(each for each in every if each.distance == 0)
    if exact:
        return Matches(exact=exact)
    alike = equivalent_states(live, fingerprints)
    if equivalent := tuple(each for each in every if each.name in alike and not each.composed):
        return Matches(equivalent=equivalent)
    if half := tuple(each for each in every if each.is_half_applied):
        return Matches(half_applied=half)
    if half := tuple(half_applied_in_between(live, fingerprints, every)):
        return Matches(half_applied=half)
    return Matches(nearest=_nearest(live, fingerprints, every))


def expected_states(
    live: frozenset[str], fingerprints: Fingerprints, history: History, revisions: frozenset[str]
) -> list[frozenset[str]]:
    """Every schema that these heads may have; the unreplayed ones only if needed."""
    recorded = [fingerprints.lines(s.name) for s in fingerprints.states if s.revisions == revisions]
    if not revisions and not recorded:  # before the first revision there is nothing
        return [frozenset()]
    if live in recorded:
        return recorded
    # to compose the others may take thousands of states (branches.py), so only now
    further = (
        c for c in _unreplayed(live, fingerprints, history, distances(live, fingerprints.states))
    )
    return [*recorded, *(each.lines for each in further if each.revisions == revisions)]


def candidates(
    live: frozenset[str], fingerprints: Fingerprints, history: History
) -> Iterable[Candidate]:
    """Every state, with its distance, and those that nobody replayed."""
    near = distances(live, fingerprints.states)
    for state in fingerprints.states:
        yield _recorded(state, fingerprints, near, len(live))
    yield from _unreplayed(live, fingerprints, history, near)


def distances(live: frozenset[str], states: Iterable[RecordedState]) -> Mapping[str, int]:
    """|live xor state| for every state, by name."""
    by_name: dict[str, int] = {}
    for state in states:
        added, removed = state.delta.added, state.delta.removed
        # a line that live has too brings the state nearer, any other takes it further away
        nearer = len(added & live) - len(removed & live)
        before = len(live) if state.parent is None else by_name[state.parent]
        by_name[state.name] = before + len(added) - len(removed) - 2 * nearer
    return by_name


def equivalent_states(live: frozenset[str], fingerprints: Fingerprints) -> frozenset[str]:
    """The names of the states that differ only in names and spellings.

    A sum over the hashes of the facts, kept in one pass as the distance is, finds them. Two sets of
    facts may have one sum by chance, so what it finds is compared.
    """

    def loose_sum(lines: Iterable[str]) -> int:
        return sum(hash(loose_line(line)) for line in lines)

    wanted = loose_sum(live)
    sums: dict[str | None, int] = {None: 0}
    for state in fingerprints.states:
        change = loose_sum(state.delta.added) - loose_sum(state.delta.removed)
        sums[state.name] = sums[state.parent] + change
    alike = (name for name, total in sums.items() if name is not None and total == wanted)
    return frozenset(name for name in alike if are_equivalent(fingerprints.lines(name), live))


def _recorded(
    state: RecordedState, fingerprints: Fingerprints, near: Mapping[str, int], alone: int
) -> Candidate:
    # to the base and to a variant leads no revision that could be half applied
    is_step = not state.is_variant and state.name != BASE
    return Candidate(
        state.name,
        state.revisions,
        near[state.name],
        lambda: fingerprints.lines(state.name),
        step=state.name if is_step else None,
        step_size=len(state.delta),
        distance_before=alone if state.parent is None else near[state.parent],
    )


def _unreplayed(
    live: frozenset[str], fingerprints: Fingerprints, history: History, near: Mapping[str, int]
) -> Iterable[Candidate]:
    yield from other_ways(live, fingerprints, history)
    for variant in fingerprints.variants:
        yield from carried(live, fingerprints, near, variant)


def _nearest(
    live: frozenset[str], fingerprints: Fingerprints, every: Iterable[Candidate]
) -> tuple[Candidate, ...]:
    """The states from which the fewest changes lead to a schema."""
    # changes, not lines: a dropped table of 30 columns is one statement, but 31 lines (changes.py)
    recorded = changes(live, fingerprints.states)
    least = min(recorded.values(), default=len(live))
    counts = []
    for each in every:
        count = recorded.get(each.name)
        if each.composed or count is None:
            # only near ones: there may be many, and this takes all lines of each;
            # a change is two lines at most, except where a whole object is lost
            count = count_changes(live, each.lines) if each.distance <= 2 * least else least + 1
        counts.append((count, each))
    smallest = min((count for count, _ in counts), default=0)
    return tuple(each for count, each in counts if count == smallest)
