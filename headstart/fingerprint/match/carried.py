"""Carry a variant through the later revisions: the schema of those who upgraded from it. Pure.

A fact in which the variant differs stays so until a revision changes that very fact. So the
distance of a carried state is the recorded one's, corrected by the facts that still differ.

An example. Some made their tables with create_all(), where the models say integer and the script
text; `t.x int` is the line of column t.x with that type:

    a: +t +t.x text    variant of a: -t.x text +t.x int    b: +u    c: -t.x text +t.x bigint

A database of theirs that was upgraded to b has the lines `t`, `t.x int`, `u`. From the recorded b
it differs in two lines. Carried to b, the variant still differs in t.x: one line more, which is
live (-1), and one line less, which is not (-1). So the carried b has distance 2 - 2 = 0: exact.
c changes the fact t.x itself. There nothing is left of the variant, and it ends: a database at c
is what the file says of c, whichever way it came.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState, key_of
from headstart.fingerprint.match.candidate import Candidate
from headstart.values import dataclass


def carried(
    live: frozenset[str],
    fingerprints: Fingerprints,
    near: Mapping[str, int],
    variant: RecordedState,
) -> Iterator[Candidate]:
    """The variant after each later revision; `near` has the distances of the recorded states."""
    assert variant.parent is not None
    rest, at = _Rest(variant.delta), variant.parent
    before = near[variant.name]
    for state in fingerprints.states:
        if state.is_variant or state.parent != at:
            continue
        size = rest.step_size(state.delta)
        rest, at = rest.after(state.delta), state.name
        distance = near[state.name] + rest.correction(live)
        # partial, not a lambda: that would see the loop's last state when it is called
        yield Candidate(
            f"{state.name}~{variant.via}",
            state.revisions,
            distance,
            partial(_lines, fingerprints, state.name, rest.delta),
            composed=True,
            step=state.name,
            step_size=size,
            distance_before=before,
        )
        if not rest.delta:
            return  # from here on it is as recorded
        before = distance


def _lines(fingerprints: Fingerprints, name: str, rest: Delta) -> frozenset[str]:
    return rest.on(fingerprints.lines(name))


@dataclass(frozen=True)
class _Rest:
    """The facts in which a carried state still differs from the recorded one."""

    delta: Delta

    def after(self, step: Delta) -> "_Rest":
        """What still differs after a revision has changed the facts of a step."""
        touched = _keys(step)
        if touched.isdisjoint(_keys(self.delta)):
            return self
        # by key, not by line: the step's own "-t.x text" is not what the variant has of t.x
        added, removed = (
            frozenset(line for line in lines if key_of(line) not in touched)
            for lines in (self.delta.added, self.delta.removed)
        )
        return _Rest(Delta(added, removed))

    def correction(self, live: frozenset[str]) -> int:
        """How much further from live this is than the recorded state."""
        added, removed = self.delta.added, self.delta.removed
        return len(added) - 2 * len(added & live) - len(removed) + 2 * len(removed & live)

    def step_size(self, step: Delta) -> int:
        """How many lines a revision changes here.

        Not the size of the recorded step: from `t.x int` to `t.x bigint` is as long as from text,
        but if the variant has no t.x at all, the step is a line shorter. `is_half_applied` adds
        distances up to exactly this number.
        """
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
