"""The names of a fleet's targets: data from a file or a query, of which nothing is guessed. Pure.

A name may hold anything that a database or a schema may be called, quotes, percent signs and blanks
included: it is quoted wherever it goes. What no name can be is refused with its place, all of it at
once:

    targets.txt:3: 'acme' is named a second time, first on line 1
    targets.txt:7: a name holds a control character
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence

from headstart.facts.visible import cut
from headstart.settings.fleet import TARGET
from headstart.verdict.errors import InvalidSettings

LONGEST_BYTES = 63
"""Postgres cuts a longer name, and two may be one then. Source: NAMEDATALEN."""
_SHOWN = 10
"""Mistakes that are told; the others are counted."""
_NO_CHARACTERS = ("C", "Zl", "Zp")
"""General categories: control, format, surrogate, private, unassigned; line and paragraph."""


def names_in_text(text: str, source: str) -> tuple[str, ...]:
    """The names of a file: a line each, without the blanks around it; raises InvalidSettings.

    Blank lines and those that begin with # are none.
    """
    lines = ((number, line.strip(" \t\r")) for number, line in enumerate(text.split("\n"), 1))
    named = [(f"line {number}", name) for number, name in lines if name and name[0] != "#"]
    return _checked(named, source, lambda place: f"{source}:{place.removeprefix('line ')}")


def names_in_rows(rows: Sequence[Sequence[object]], source: str) -> tuple[str, ...]:
    """The names of a query's rows, each as it is; raises InvalidSettings."""
    if any(len(row) != 1 for row in rows):
        raise InvalidSettings(f"{source} gives {len(rows[0])} columns: let it give one, the name")
    named = [(f"row {number}", row[0]) for number, row in enumerate(rows, 1)]
    nulls = [f"{source}, {place}: the name is NULL" for place, name in named if name is None]
    if nulls:
        raise InvalidSettings(*_few(nulls))
    odd = [
        f"{source}, {place}: the name is no text: let the query cast it (::text)"
        for place, name in named
        if not isinstance(name, str | int) or isinstance(name, bool)
    ]
    if odd:
        raise InvalidSettings(*_few(odd))
    texts = [(place, str(name)) for place, name in named]
    return _checked(texts, source, lambda place: f"{source}, {place}")


def _checked(
    named: Iterable[tuple[str, str]], source: str, shown: Callable[[str], str]
) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    mistakes = []
    for place, name in named:
        if name in seen:
            mistake = f"{cut(repr(name))} is named a second time, first on {seen[name]}"
        else:
            mistake = _mistake(name)
        if mistake:
            mistakes.append(f"{shown(place)}: {mistake}")
        seen.setdefault(name, place)
    if mistakes:
        raise InvalidSettings(*_few(mistakes))
    if not seen:
        raise InvalidSettings(f"{source} names no target")
    return tuple(seen)


def _mistake(name: str) -> str:
    """What is wrong with a name by itself; the name is shown where that does no harm."""
    if not name.strip():
        return "a name is empty"
    if any(unicodedata.category(each).startswith(_NO_CHARACTERS) for each in name):
        return "a name holds a control character, a line break, or another one that is not seen"
    if TARGET in name:
        return f"{cut(repr(name))} holds {TARGET}, which stands for a name"
    if (size := len(name.encode())) > LONGEST_BYTES:
        return f"{cut(repr(name))} has {size} bytes, and a name has at most {LONGEST_BYTES}"
    return ""


def _few(mistakes: Sequence[str]) -> list[str]:
    more = len(mistakes) - _SHOWN
    return [*mistakes[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
