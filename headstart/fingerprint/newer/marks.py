"""Whether code of before a revision can run after it, by what the file says of the revision. Pure.

"+" composes: where each of several revisions is harmless, so are all of them together.
"""

from collections.abc import Iterable, Iterator

from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState
from headstart.fingerprint.newer.judge import judge
from headstart.fingerprint.newer.schema import Surroundings
from headstart.fingerprint.statements.effect import Effect

_OF_SCHEMA = frozenset({Effect.SCHEMA, Effect.NOOP})
_ALWAYS = frozenset(
    {"table", "view", "matview", "fk", "function", "domain", "trigger", "rule", "enum", "composite"}
)
"""Facts that may say something about an object that a revision does not touch."""


def mark_of(fingerprints: Fingerprints, revision: str) -> str:
    """Return + for harmless, ! for breaking, ? for what only the rows or the author can tell."""
    state = fingerprints.steps.get(revision)
    if state is None or (state.parent is None and not state.delta.added):
        return "?"
    before = fingerprints.lines(state.parent) if state.parent is not None else frozenset()
    near = _near(state.delta)
    after = state.delta.on(before)
    judged = judge(_kept(before, near), _kept(after, near), Surroundings(known=False))
    if judged.breaks:
        return "!"
    return "?" if judged.doubts or not _leaves_rows(state, before) else "+"


def leaves_rows(fingerprints: Fingerprints, revision: str) -> bool:
    """Whether the file says that it changes no rows but those of tables that it makes itself."""
    state = fingerprints.steps.get(revision)
    if state is None or (state.parent is None and not state.delta.added):
        return False
    before = fingerprints.lines(state.parent) if state.parent is not None else frozenset()
    return _leaves_rows(state, before)


def _leaves_rows(state: RecordedState, before: frozenset[str]) -> bool:
    """Whether it changes no rows but those of tables that it makes itself.

    DDL may: a type USING an expression, a column or a table that is dropped and made again.
    """
    if not state.tables:
        return state.effect in _OF_SCHEMA
    there = {line.split("\t", 2)[1] for line in before if line.startswith("table\t")}
    made = {line.split("\t", 2)[1] for line in state.delta.added if line.startswith("table\t")}
    return state.tables <= made - there


def _near(delta: Delta) -> frozenset[str]:
    """The objects that a step touches."""
    return frozenset(line.split("\t", 2)[1] for line in (*delta.added, *delta.removed))


def _kept(lines: Iterable[str], near: frozenset[str]) -> Iterator[str]:
    for line in lines:
        kind, thing, _ = line.split("\t", 2)
        if thing in near or kind in _ALWAYS:
            yield line
