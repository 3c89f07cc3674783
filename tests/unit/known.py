"""Known states, written as text: what the tests of the search and the finding compare with.

A line is written with bars for tabs: "column|t|x|text"; "t.x" is short for a column t.x of type
text, "t" for an ordinary table t.
"""

from dataclasses import replace

from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.file.states import (
    Delta,
    Fingerprints,
    RecordedState,
    root_of,
    variant_name,
)
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow


def line(text: str) -> str:
    """One line."""
    if "|" in text:
        return "\t".join(text.split("|"))
    table, _, column = text.partition(".")
    return f"column\t{table}\t{column}\ttext" if column else f"table\t{table}\t\ttable"


def lines(text: str) -> frozenset[str]:
    """Lines, separated by spaces."""
    return frozenset(map(line, text.split()))


def live(text: str) -> Live:
    """A schema that was read."""
    return Live(lines(text))


def known(*steps: "RecordedState | str", meta: dict[str, object] | None = None) -> Fingerprints:
    """States after each other; a text is "revision: +line -line", for others see step()."""
    states: list[RecordedState] = []
    last: str | None = None
    for each in steps:
        state = step(each) if isinstance(each, str) else each
        if state.parent is None:
            state = replace(state, parent=last)
        if not state.is_variant:
            last = state.name
        states.append(state)
    every = Fingerprints(tuple(states), meta or {})
    rooted = tuple(replace(s, root=root_of(every.lines(s.name))) for s in states)
    return Fingerprints(rooted, meta or {})


def step(
    text: str,
    effect: Effect = Effect.SCHEMA,
    *,
    heads: str = "",
    tables: str = "",
    rows: tuple[InsertedRow, ...] = (),
    script: str = "",
    via: str = "upgrade",
    free: str = "",
) -> RecordedState:
    """A state that its own revision leads to, from the one before it."""
    name, _, changes = text.partition(":")
    revisions = frozenset(heads.split() or ([] if name == "base" else [name]))
    return RecordedState(
        name, None, revisions, _delta(changes), "", effect, script, via,
        frozenset(tables.split()), rows, frozenset(map(line, free.split())),
    )  # fmt: skip


def variant(text: str, via: str = "create_all", *, heads: str = "") -> RecordedState:
    """Another schema of a state: "revision: +line -line"."""
    of, _, changes = text.partition(":")
    revisions = frozenset(heads.split() or [of])
    return RecordedState(variant_name(of, via), of, revisions, _delta(changes), "", via=via)


def _delta(changes: str) -> Delta:
    words = changes.split()
    return Delta(
        frozenset(line(word[1:]) for word in words if word[0] == "+"),
        frozenset(line(word[1:]) for word in words if word[0] == "-"),
    )
