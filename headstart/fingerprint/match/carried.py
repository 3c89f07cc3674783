"""A variant after each later revision: what its users have who upgraded from there. Pure.

A fact in which the variant differs stays so until a revision changes that very fact. So the
distance of a carried state is that of the recorded one, corrected by the facts that still differ.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState, key_of
from headstart.fingerprint.match.candidate import Candidate


def carried(
    live: frozenset[str], known: Fingerprints, near: Mapping[str, int], variant: RecordedState
) -> Iterator[Candidate]:
    """The variant after each later revision; `near` has the distances of the recorded states."""
    assert variant.parent is not None
    rest, at = _Rest(variant.delta), variant.parent
    before = near[variant.name]
    for state in known.states:
        if state.is_variant or state.parent != at:
            continue
        size = rest.step_size(state.delta)
        rest, at = rest.after(state.delta), state.name
        distance = near[state.name] + rest.correction(live)
        yield Candidate(
            f"{state.name}~{variant.via}",
            state.revisions,
            distance,
            partial(_lines, known, state.name, rest.delta),
            composed=True,
            step=state.name,
            step_size=size,
            distance_before=before,
        )
        if not rest.delta:
            return  # from here on it is as recorded
        before = distance


def _lines(known: Fingerprints, name: str, rest: Delta) -> frozenset[str]:
    return rest.on(known.lines(name))


@dataclass(frozen=True)
class _Rest:
    """The facts in which a carried state still differs from the recorded one."""

    delta: Delta

    def after(self, step: Delta) -> "_Rest":
        """What is left when a revision has changed the facts of a step."""
        touched = _keys(step)
        if touched.isdisjoint(_keys(self.delta)):
            return self
        added, removed = (
            frozenset(line for line in lines if key_of(line) not in touched)
            for lines in (self.delta.added, self.delta.removed)
        )
        return _Rest(Delta(added, removed))

    def correction(self, live: frozenset[str]) -> int:
        """How much further away from live it is than the recorded state."""
        added, removed = self.delta.added, self.delta.removed
        return len(added) - 2 * len(added & live) - len(removed) + 2 * len(removed & live)

    def step_size(self, step: Delta) -> int:
        """How many lines a revision changes here."""
        mine = _keys(self.delta)
        if _keys(step).isdisjoint(mine):
            return len(step)
        elsewhere = sum(key_of(line) not in mine for line in (*step.added, *step.removed))
        touched = _keys(step)
        had = {line for line in self.delta.added if key_of(line) in touched}
        gets = {line for line in step.added if key_of(line) in mine}
        return elsewhere + len(had ^ gets)


def _keys(delta: Delta) -> frozenset[str]:
    lines: Iterable[str] = (*delta.added, *delta.removed)
    return frozenset(map(key_of, lines))
