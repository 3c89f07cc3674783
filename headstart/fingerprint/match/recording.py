"""Record the states of a history as they are seen, and compare them with those on file. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import cached_property

from headstart.fingerprint.file.free import matcher
from headstart.fingerprint.file.states import (
    BASE,
    UPGRADE,
    Delta,
    Fingerprints,
    RecordedState,
    root_of,
    variant_name,
)
from headstart.fingerprint.show.difference import Difference, difference
from headstart.values import dataclass


@dataclass(frozen=True)
class Contradiction:
    """A state on file that the same revision no longer builds, and why."""

    message: str
    difference: Difference


@dataclass
class Recording:
    """States, one after another, in the order in which they are seen.

    `old` is what is on file. If that was made with another major version, `via` names this one,
    and a state that differs becomes a variant of the one on file. `lines` were seen last. `free`
    are patterns of facts that are others each time, by state, beside those on file: of these the
    first form is kept. `seen` is everything as it was seen.
    """

    old: Fingerprints
    scripts: Mapping[str, str]
    via: str = UPGRADE
    states: list[RecordedState] = field(default_factory=list)
    mistakes: list[Contradiction] = field(default_factory=list)
    new_variants: list[str] = field(default_factory=list)
    lines: frozenset[str] = frozenset()
    free: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seen: list[tuple[RecordedState, frozenset[str]]] = field(default_factory=list)
    _begun: tuple[frozenset[str], str | None] = (frozenset(), None)
    _last: str | None = None
    _differing: Delta = field(default_factory=Delta)

    def begin(self, lines: frozenset[str]) -> None:
        """Take what is there before the first revision."""
        self._begun = (lines, None)
        lines = self._settled(BASE, lines)
        if lines:
            self._add(RecordedState(BASE, None, frozenset(), Delta(lines), root_of(lines)), lines)

    def resume(self, last: str) -> None:
        """Continue after a state on file that the database was seen to be in."""
        names = [state.name for state in self.old.states]
        upto = names.index(last)
        kept = self.old.states[: upto + 1]
        names_kept = {state.name for state in kept}
        variants = (
            s for s in self.old.states[upto + 1 :] if s.is_variant and s.parent in names_kept
        )
        self.states = [*kept, *variants]
        self._begun = (frozenset(), last)
        self._last, self.lines = last, self.old.lines(last)

    def see(self, state: RecordedState, lines: frozenset[str]) -> None:
        """Take over one state; its delta, parent and root are made here."""
        self.seen.append((state, lines))
        lines = self._settled(state.name, lines)
        on_file = self.old.steps.get(state.name)
        if on_file is not None and not self._as_on_file(state, on_file, lines):
            # on the same server the script builds something else now; on another, the server may
            if self.via != UPGRADE:
                self._see_elsewhere(state, lines)
                return
            self.mistakes.append(self._mistake(state, on_file, lines))
        self._add(state, lines)

    def as_seen(self) -> Fingerprints:
        """The states as this replay has seen them; where it began anew, whatever is on file."""
        lines, last = self._begun
        if last is not None:
            return self.done()
        alone = Recording(Fingerprints((), self.old.meta), self.scripts)
        alone.begin(lines)
        for state, seen in self.seen:
            alone.see(state, seen)
        return alone.done()

    def corrected(self, free: Mapping[str, frozenset[str]], rows: Fingerprints) -> "Recording":
        """The same, where more is free, and with the rows that these states have."""
        names = self.free.keys() | free.keys()
        every = {n: self.free.get(n, frozenset()) | free.get(n, frozenset()) for n in names}
        again = Recording(self.old, self.scripts, self.via, free=every)
        lines, last = self._begun
        if last is None:
            again.begin(lines)
        else:
            again.resume(last)
        for state, seen in self.seen:
            again.see(replace(state, rows=rows.by_name[state.name].rows), seen)
        return again

    @cached_property
    def _patterns(self) -> frozenset[str]:
        return self.old.free.union(*self.free.values())

    @cached_property
    def _is_free(self) -> Callable[[str], bool]:
        return matcher(self._patterns)

    def _settled(self, name: str, lines: frozenset[str]) -> frozenset[str]:
        """With free facts as they are on file; in a new state, as they were in the one before."""
        if not self._patterns:
            return lines
        before = self.old.lines(name) if name in self.old.steps else self.lines
        kept = frozenset(filter(self._is_free, before))
        fixed = frozenset(line for line in lines if not self._is_free(line))
        if name in self.old.steps:
            return fixed | kept
        # one that is there for the first time has no other form yet
        known = matcher(p for p in self._patterns if any(map(matcher([p]), kept)))
        new = (line for line in lines - fixed if not known(line))
        there = matcher(p for p in self._patterns if any(map(matcher([p]), lines)))
        return fixed | frozenset(filter(there, kept)) | frozenset(new)

    def _see_elsewhere(self, state: RecordedState, lines: frozenset[str]) -> None:
        """Record a variant when a new difference begins: later states carry it (carried.py)."""
        frozen = self.old.lines(state.name)
        self._add(state, frozen)
        differing = Delta.between(frozen, lines)
        if differing != self._differing and self.add_variant(state.name, self.via, lines):
            self.new_variants.append(state.name)
        self._differing = differing

    def _as_on_file(
        self, state: RecordedState, on_file: RecordedState, lines: frozenset[str]
    ) -> bool:
        if on_file.revisions == state.revisions:
            return self.old.lines(state.name) == lines
        # built on another branch, where others of the revisions had not been applied
        return on_file.delta == Delta.between(self.lines, lines)

    def add_variant(self, of: str, via: str, lines: frozenset[str]) -> bool:
        """Record another schema of a state; False if that is on record already."""
        lines = self._settled(of, lines)
        mine = [s for s in self.states if s.name == of or (s.is_variant and s.parent == of)]
        if root_of(lines) in {state.root for state in mine}:
            return False
        delta = Delta.between(self.done().lines(of), lines)
        name, number = via, 1
        # on one server a revision may have several schemas: each gets a number
        while variant_name(of, name) in {state.name for state in mine}:
            number += 1
            name = f"{via}.{number}"
        variant = RecordedState(
            variant_name(of, name), of, mine[0].revisions, delta, root_of(lines), via=name
        )
        # behind its state: parents come first in the file
        self.states.insert(self.states.index(mine[-1]) + 1, variant)
        return True

    def done(self) -> Fingerprints:
        """Everything so far."""
        return Fingerprints(tuple(self.states), self.old.meta)

    def _add(self, state: RecordedState, lines: frozenset[str]) -> None:
        delta = Delta.between(self.lines, lines)
        on_file = self.old.by_name.get(state.name)
        self.states.append(
            replace(
                state,
                parent=self._last,
                delta=delta,
                root=root_of(lines),
                script=self.scripts.get(state.name, ""),
                free=self.free.get(state.name, frozenset())
                | (on_file.free if on_file is not None else frozenset()),
            )
        )
        self._last, self.lines = state.name, lines
        # building the file anew does not make the databases with such a schema go away
        for variant in self.old.variants:
            if variant.parent == state.name:
                self.add_variant(state.name, variant.via, self.old.lines(variant.name))

    def _mistake(
        self, state: RecordedState, on_file: RecordedState, lines: frozenset[str]
    ) -> Contradiction:
        deviation = difference(self.old.lines(state.name), lines)
        if on_file.script == self.scripts.get(state.name):
            why = (
                "its script is as it was and builds another schema now: it depends on the"
                " application's code, the environment or the server, or is not repeatable"
            )
        else:
            why = "its script was edited and builds another schema now"
        return Contradiction(f"{state.name}: {why}: {deviation.summary()}", deviation)
