"""What a revision does, by what is on file of it, in one line for people. Pure.

makes chunks; changes assets, projects; may change rows of assets
"""

from collections.abc import Iterable, Iterator

from headstart.fingerprint.file.states import RecordedState
from headstart.fingerprint.statements.effect import Effect

_MOST_NAMES = 5
_ANY = "*"
"""Stands for tables that cannot be told."""


def what_it_does(state: RecordedState) -> str:
    """What the step to a state makes, drops and changes; empty where it does none of these."""
    return "; ".join(_clauses(state))


def _clauses(state: RecordedState) -> Iterator[str]:
    made, dropped = _whole(state.delta.added), _whole(state.delta.removed)
    changed = _things(state.delta.added | state.delta.removed) - made.keys() - dropped.keys()
    anew = made.keys() & dropped.keys()
    for verb, things in (
        ("makes", [made[each] for each in sorted(made.keys() - anew)]),
        ("drops", [dropped[each] for each in sorted(dropped.keys() - anew)]),
        ("changes", sorted(changed | anew)),
    ):
        if things:
            yield f"{verb} {_some(things)}"
    yield from _about_rows(state)


def _about_rows(state: RecordedState) -> Iterator[str]:
    known = sorted(state.tables - {_ANY})
    others = ["tables that its text does not name"] if _ANY in state.tables else []
    names = _some([*known, *others])
    match state.effect:
        case Effect.SCHEMA:
            return
        case Effect.NOOP:
            yield "changes nothing"
        case Effect.READ:
            yield f"looks at rows{' of ' if names else ''}{names}"
        case Effect.DATA | Effect.SCHEMA_AND_DATA:
            yield f"may change rows{' of ' if names else ''}{names}"


def _whole(lines: Iterable[str]) -> dict[str, str]:
    """Objects as a whole, by their names, as people call them: a table by its name alone."""
    found = {}
    for line in lines:
        kind, thing, name, _ = line.split("\t")
        if not name:
            found[thing] = thing if kind == "table" else f"{kind} {thing}"
    return found


def _things(lines: Iterable[str]) -> set[str]:
    return {line.split("\t", 2)[1] for line in lines}


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
