"""The recorded states of a history: one schema after each revision. Pure.

A state is a delta against its parent. text.py reads and writes the file of them, and
match/search.py finds the one that a database is in.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Self

from headstart.fingerprint.file.free import matcher
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow
from headstart.values import dataclass

BASE = "base"
"""The state before the first revision, if the schema is not empty then."""
UPGRADE = "upgrade"
"""The value of `via` for a state that the revisions themselves made, one by one."""


@dataclass(frozen=True)
class Delta:
    """The lines that a state adds to its parent's, and those that it removes."""

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.added) + len(self.removed)

    def on(self, lines: frozenset[str]) -> frozenset[str]:
        """The lines after this change."""
        return (lines - self.removed) | self.added

    @classmethod
    def between(cls, before: frozenset[str], after: frozenset[str]) -> Self:
        """The change from one schema to another."""
        return cls(after - before, before - after)


@dataclass(frozen=True)
class RecordedState:
    """One known schema.

    `revisions` are the heads that it belongs to, none for the base. `script` is the digest of the
    script that led here, `effect` what that did, `tables` the tables whose rows it changed or read
    ("*": unknown ones), `rows` what it inserted. `free` are patterns of facts that are others each
    time that the script runs (free.py); `partly`: the delta is without what it does to such facts.
    `via` is how it was made: "upgrade", or else it is a variant of the state `parent`.
    """

    name: str
    parent: str | None
    revisions: frozenset[str]
    delta: Delta
    root: str
    effect: Effect = Effect.SCHEMA
    script: str = ""
    via: str = UPGRADE
    tables: frozenset[str] = frozenset()
    rows: tuple[InsertedRow, ...] = ()
    free: frozenset[str] = frozenset()
    partly: bool = False

    @property
    def is_variant(self) -> bool:
        """Another schema for the revision of its parent."""
        # by the whole name: a revision's own id may hold a ~
        return self.parent is not None and self.name == variant_name(self.parent, self.via)


@dataclass(frozen=True)
class Fingerprints:
    """Every state, parents first. `meta` says how they were made.

    `header` are the gate's lines (header.py); whatever changes the states leaves them out.
    `old_format` is the number of an earlier format, in which rows stood in clear: they are dropped.
    """

    states: tuple[RecordedState, ...]
    meta: Mapping[str, object] = field(default_factory=dict)
    old_format: int | None = None
    header: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, RecordedState]:
        """States by name."""
        return {state.name: state for state in self.states}

    @cached_property
    def steps(self) -> Mapping[str, RecordedState]:
        """For each revision the state that its own script led to."""
        return {state.name: state for state in self.states if not state.is_variant}

    @cached_property
    def free(self) -> frozenset[str]:
        """The patterns of facts that some revision builds differently each time."""
        return frozenset(pattern for state in self.states for pattern in state.free)

    @cached_property
    def is_free(self) -> Callable[[str], bool]:
        """Whether a line is such a fact."""
        return matcher(self.free)

    def counting(self, lines: frozenset[str]) -> frozenset[str]:
        """The lines that are facts of the history each time."""
        return frozenset(line for line in lines if not self.is_free(line)) if self.free else lines

    @cached_property
    def compared(self) -> "Fingerprints":
        """The same states, each with only the lines that count."""
        if not self.free:
            return self
        return replace(self, states=tuple(map(self._compared, self.states)))

    def _compared(self, state: RecordedState) -> RecordedState:
        delta = Delta(self.counting(state.delta.added), self.counting(state.delta.removed))
        return replace(state, delta=delta, partly=delta != state.delta)

    @cached_property
    def objects(self) -> frozenset[str]:
        """The names of all objects that any state has."""
        return frozenset(line.split("\t", 2)[1] for line in self._lines())

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of facts that any state has."""
        return frozenset(line.split("\t", 1)[0] for line in self._lines())

    @cached_property
    def tables(self) -> frozenset[str]:
        """The names of all tables that any state has."""
        return self._named("table")

    @cached_property
    def views(self) -> frozenset[str]:
        """The names of all materialized views that any state has."""
        return self._named("matview")

    @property
    def indexes(self) -> Iterator[str]:
        """The lines of indexes that any state has."""
        return (line for line in self._lines() if line.startswith("index\t"))

    @cached_property
    def keys(self) -> frozenset[str]:
        """Kind, object and name of all facts that any state has."""
        return frozenset(key_of(line) for line in self._lines())

    @property
    def variants(self) -> Iterator[RecordedState]:
        """Other schemas of a revision that are known."""
        return (state for state in self.states if state.is_variant)

    def lines(self, name: str) -> frozenset[str]:
        """All lines of a state."""
        chain: list[RecordedState] = []
        at: str | None = name
        while at is not None:
            chain.append(self.by_name[at])
            at = chain[-1].parent
        lines: set[str] = set()
        # parents first: each delta was made on the lines of its parent
        for state in reversed(chain):
            lines -= state.delta.removed
            lines |= state.delta.added
        return frozenset(lines)

    def _named(self, kind: str) -> frozenset[str]:
        lines = (line for line in self._lines() if line.startswith(f"{kind}\t"))
        return frozenset(line.split("\t", 2)[1] for line in lines)

    def _lines(self) -> Iterator[str]:
        for state in self.states:
            yield from state.delta.added


def variant_name(state: str, via: str) -> str:
    """The name of another schema of a state's revision."""
    return f"{state}~{via}"


def key_of(line: str) -> str:
    """Kind, object and name of a fact: its line without the detail."""
    return line.rpartition("\t")[0]


def root_of(lines: Iterable[str]) -> str:
    """The digest of a state: 16 hexadecimal digits."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
