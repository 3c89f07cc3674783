r"""The text of alembic/fingerprints.txt: lines, deltas only, so that it merges like code. Pure.

headstart-fingerprints 2
meta {"normal_form": 1, "postgres": "16.14"}
gate<TAB>...
state 05572d91c071 parent=e4a9c8f3c28f revs=05572d91c071 effect=schema file=... root=... via=upgrade
+column<TAB>assets<TAB>asset_id<TAB>integer not null serial
-index<TAB>...
*touches<TAB>assets
*row<TAB>roles<TAB>8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918<TAB>name
*free<TAB>unique<TAB>assets<TAB>uq_\*<TAB>(name)

The lines of the gate are header.py's: a file with them has format 4, any other one an earlier.
The last line is a fact that is another one each time (free.py): with such a line the file has
format 3, so that an older headstart does not take it for one.
A row is known by its digest, never in clear: the file is committed.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile

from headstart.facts.visible import UNSAFE
from headstart.fingerprint.catalog.names import escaped, unescaped
from headstart.fingerprint.file.header import MARK, with_body
from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState, root_of
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow
from headstart.patterns import pattern

FORMAT = 2
_FIRST = f"headstart-fingerprints {FORMAT}"
_FIRST_WITH_FREE = f"headstart-fingerprints {FORMAT + 1}"
_FIRST_WITH_HEADER = f"headstart-fingerprints {FORMAT + 2}"
_FIRSTS = (_FIRST, _FIRST_WITH_FREE, _FIRST_WITH_HEADER)
_WITH_ROWS_IN_CLEAR = 1
_OLD_FIRST = f"headstart-fingerprints {_WITH_ROWS_IN_CLEAR}"
_ATTRIBUTES = ("parent", "revs", "effect", "file", "root", "via")
_GATE = MARK.decode()
_NOTHING = "-"
_NO_WORD = pattern(f"[ %,={UNSAFE}]")
_DIGEST = pattern("[0-9a-f]{64}")


class InvalidFile(ValueError):
    """The file is not ours, or an edit or a merge has broken it; the message names the place."""


def file_text(fingerprints: Fingerprints) -> str:
    """Write the file; the same states give the same text."""
    first = _FIRST_WITH_FREE if fingerprints.free else _FIRST
    if fingerprints.header:
        first = _FIRST_WITH_HEADER
    begin = f"{first}\nmeta {json.dumps(dict(fingerprints.meta), sort_keys=True)}\n"
    states = "".join(f"{line}\n" for state in fingerprints.states for line in _state_lines(state))
    header = with_body(fingerprints.header, begin, states)
    return begin + "".join(f"{line}\n" for line in header) + states


def _state_lines(state: RecordedState) -> Iterator[str]:
    values = (
        _word(state.parent) if state.parent is not None else _NOTHING,
        ",".join(sorted(_word(r) for r in state.revisions)) or _NOTHING,
        state.effect.value,
        state.script or _NOTHING,
        state.root,
        state.via,
    )
    attributes = " ".join(
        f"{name}={value}" for name, value in zip(_ATTRIBUTES, values, strict=True)
    )
    yield f"state {_word(state.name)} {attributes}"
    yield from (f"-{line}" for line in sorted(state.delta.removed))
    yield from (f"+{line}" for line in sorted(state.delta.added))
    yield from (f"*touches\t{escaped(table)}" for table in sorted(state.tables))
    yield from (f"*free\t{pattern}" for pattern in sorted(state.free))
    for row in state.rows:
        yield "\t".join(["*row", escaped(row.table), row.digest, *map(escaped, row.columns)])


def read_file(text: str) -> Fingerprints:
    """Read the file. Raises InvalidFile."""
    # git may have given the file the line ends of Windows
    lines = text.replace("\r\n", "\n").split("\n")
    old = _old_format(lines[0])
    if lines[-1] == "":
        lines.pop()
    meta = _meta(lines[1] if len(lines) > 1 else "")
    header = tuple(takewhile(lambda line: line.startswith(_GATE), lines[2:]))
    if header and lines[0] != _FIRST_WITH_HEADER:
        raise InvalidFile("line 3: a merge has put the gate's lines into a file of another format")
    states = tuple(_states(lines, 2 + len(header)))
    fingerprints = Fingerprints(states, meta, old, header)
    _check_roots(fingerprints)
    return fingerprints


def _old_format(first: str) -> int | None:
    """The number of a format that is read without its rows; None if it is today's."""
    if first not in (*_FIRSTS, _OLD_FIRST):
        raise InvalidFile(f"line 1: it does not begin with {_FIRST!r}")
    return _WITH_ROWS_IN_CLEAR if first == _OLD_FIRST else None


def _check_roots(fingerprints: Fingerprints) -> None:
    """Check each chain of states at its end: a fact lost or doubled on the way shows there, too."""
    inner = {state.parent for state in fingerprints.states}
    for state in fingerprints.states:
        if state.name not in inner and root_of(fingerprints.lines(state.name)) != state.root:
            raise InvalidFile(
                f"the facts up to state {state.name} are not those that it was written with: a"
                " merge or somebody's edit has changed some"
            )


def _meta(line: str) -> dict[str, object]:
    meta: object = None
    with suppress(ValueError):
        meta = json.loads(line.removeprefix("meta "))
    if not isinstance(meta, dict):
        raise InvalidFile("line 2: it is not 'meta {...}'")
    return meta


def _states(lines: list[str], first: int) -> Iterator[RecordedState]:
    starts = [number for number, line in enumerate(lines) if line.startswith("state ")]
    if len(lines) > first and (not starts or starts[0] != first):
        raise InvalidFile(f"line {first + 1}: it is not 'state ...'")
    ends = [*starts[1:], len(lines)] if starts else []
    seen: set[str] = set()
    for start, end in zip(starts, ends, strict=True):
        state = _state(lines, start, end)
        if state.name in seen:
            raise InvalidFile(f"line {start + 1}: state {state.name} is there twice")
        if state.parent is not None and state.parent not in seen:
            raise InvalidFile(f"line {start + 1}: there is no state {state.parent} before it")
        seen.add(state.name)
        yield state


def _state(lines: list[str], start: int, end: int) -> RecordedState:
    words = lines[start].split(" ")
    attributes = dict(word.split("=", 1) for word in words[2:] if "=" in word)
    # a merge that has lost, doubled or swapped one must not pass
    if tuple(attributes) != _ATTRIBUTES:
        raise InvalidFile(f"line {start + 1}: a state has {', '.join(_ATTRIBUTES)}, in this order")
    added, removed, tables, rows, free = [], [], [], [], []
    for number in range(start + 1, end):
        line = lines[number]
        match line[:1]:
            case "+" if _is_fact(line):
                added.append(line[1:])
            case "-" if _is_fact(line):
                removed.append(line[1:])
            case "*" if line.startswith("*touches\t"):
                tables.append(unescaped(line.split("\t")[1]))
            case "*" if line.startswith("*free\t") and line.count("\t") == 4:
                free.append(line.removeprefix("*free\t"))
            case "*" if row := _row(line):
                rows.append(row)
            case "*" if line.startswith("*row\t") and lines[0] == _OLD_FIRST:
                pass  # in clear: the next build sees it again
            case _:
                raise InvalidFile(f"line {number + 1}: it is no fact: {line[:40]!r}")
    try:
        effect = Effect(attributes["effect"])
    except ValueError:
        raise InvalidFile(f"line {start + 1}: there is no effect {attributes['effect']}") from None
    return RecordedState(
        name=_unword(words[1]),
        parent=None if attributes["parent"] == _NOTHING else _unword(attributes["parent"]),
        revisions=frozenset(
            () if attributes["revs"] == _NOTHING else map(_unword, attributes["revs"].split(","))
        ),
        delta=Delta(frozenset(added), frozenset(removed)),
        root=attributes["root"],
        effect=effect,
        script="" if attributes["file"] == _NOTHING else attributes["file"],
        via=attributes["via"],
        tables=frozenset(tables),
        rows=tuple(rows),
        free=frozenset(free),
    )


def _row(line: str) -> InsertedRow | None:
    mark, *fields = line.split("\t")
    if mark != "*row" or len(fields) < 3 or not _DIGEST.fullmatch(fields[1]):
        return None
    return InsertedRow(unescaped(fields[0]), tuple(map(unescaped, fields[2:])), fields[1])


def _is_fact(line: str) -> bool:
    fields = line[1:].split("\t")
    return len(fields) == 4 and bool(fields[0] and fields[1])


def _word(name: str) -> str:
    """A revision id may hold anything; in a line it is one word."""
    return _NO_WORD.sub(lambda match: f"%{ord(match[0]):x};", name)


def _unword(word: str) -> str:
    if "%" not in word:
        return word
    first, *rest = word.split("%")
    return first + "".join(
        chr(int(code, 16)) + text for code, _, text in (p.partition(";") for p in rest)
    )
