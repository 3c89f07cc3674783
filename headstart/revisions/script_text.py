"""What the text of a script tells of it: the names that make the graph, where they are literals.

What it does not say literally (a computed id, a name bound in an `if`) is not guessed: such a
script is untold, until somebody imports it. An example:

    >>> names_in(b'revision = "b2"; down_revision: str = "a1"')
    {'revision': 'b2', 'down_revision': 'a1'}
    >>> names_in(b'import os; revision = os.environ["ID"]; down_revision = None') is None
    True

Parsing all of a script costs three times as much as its head, so it is parsed up to the first
function, class or decorator, unless a line behind that begins with one of the names. The head has
the same lines in a thousand scripts, but for their ids: each of its lines is parsed once, where it
is a statement by itself. Lines that are statements by themselves are, one after the other, just
these statements to Python, too; what is not so (a bracket that goes on, other encodings) is parsed
as a whole.
"""

import ast
import dis
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import CodeType

from headstart.patterns import pattern
from headstart.revisions.bindings import NAMES, bindings, literal
from headstart.revisions.compiled import code_of

PHASE = "headstart_phase"
COMPATIBLE, COMPATIBLE_SINCE = "headstart_compatible", "headstart_compatible_since"
REPLACES = "headstart_replaces"
MARKS = (PHASE, COMPATIBLE, COMPATIBLE_SINCE, REPLACES)
"""What a script may say to headstart, read as the four names are. They do not make the graph, so a
script that computes one is told all the same."""

UNTOLD = "\0"
"""In place of branch_labels, or of a mark, that is computed; no label may be so."""

_BLOCKS = (b"def", b"class", b"async", b"@")
"""What ends the head, at the beginning of a line."""
_NAMES = [name.encode() for name in NAMES]
_MEANS = (b"global", b"locals", b"vars", b"eval", b"exec")
"""Words without which no code binds a name of its own module where the text does not show that.

Alembic does not put a script among sys.modules: it has its namespace, but not its module.
"""

_LEAST_OF_MARK = 12
"""Shorter names are like none of these; what every script binds is shorter, or known."""

_DOCSTRING = pattern(rb'(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*+"""[^"\\\0]*+"""[ \t]*\r?\n')
_ASSIGNED = pattern(
    rb"(" + b"|".join(_NAMES) + rb")[ \t]*+(?::([^=\r\n]*+))?=[ \t]*+"
    rb"""(?:"([^"\\\r\n\0]*+)"|'([^'\\\r\n\0]*+)')[ \t]*+\r?\n"""
)


def names_in(source: bytes) -> Mapping[str, object] | None:
    """The values of the names that make the graph; None where the text does not tell them all.

    With the marks that the script has.
    """
    begin = _first_block(source)
    told = None
    if begin is not None and not _is_named_later(source, begin):
        head = source[:begin]
        # None too where what looks like a function stands in a text
        told = names_by_lines(head) or names_by_statements(head)
    return names_by_statements(source) if told is None else told


def is_plain(source: bytes) -> bool:
    """Whether the names are what the text tells, whatever the script's code does on import."""
    begin = _first_block(source)
    if begin is not None and any(source.find(name, begin) >= 0 for name in _NAMES):
        return False
    words = source.replace(b"execut", b"")  # op.execute() is in every other script
    return not any(word in words for word in _MEANS)


def _first_block(source: bytes) -> int | None:
    """Where the first line begins that is a function's, a class's or a decorator's."""
    if source.startswith(_BLOCKS):
        return 0
    found = [place for word in _BLOCKS if (place := source.find(b"\n" + word)) >= 0]
    return min(found) + 1 if found else None


def _is_named_later(source: bytes, begin: int) -> bool:
    """Whether one of the names may be bound behind the head: a mark, at any place in a line."""
    if b"headstart_" in source[begin:].lower():
        return True
    return any(source.find(b"\n" + name, begin) >= 0 for name in _NAMES)


def names_by_lines(head: bytes) -> Mapping[str, object] | None:
    """The same of a head whose lines are statements by themselves; None where some are not."""
    # what all lines depend on; the second is a joke of Python's that changes an operator
    if not head.isascii() or b"coding" in head or b"barry_as_FLUFL" in head:
        return None
    found: dict[str, object] = {}
    bound: list[str] = []
    docstring = _DOCSTRING.match(head)
    for line in head[docstring.end() if docstring else 0 :].splitlines(keepends=True):
        if (assigned := _ASSIGNED.fullmatch(line)) and _is_annotation(assigned[2] or b"str"):
            found[assigned[1].decode()] = (assigned[3] or assigned[4] or b"").decode()
            continue
        told = _bindings_of(line)
        if told is None or not all(_is_told(name, value, found) for name, value in told):
            return None
        bound += [name for name, _ in told]
    return _complete(found, bound)


@lru_cache(maxsize=1024)
def _bindings_of(line: bytes) -> tuple[tuple[str, ast.expr | None], ...] | None:
    """What a line binds; None where it is no statement by itself."""
    tree = _parsed(line)
    return None if tree is None else tuple(each for s in tree.body for each in bindings(s))


@lru_cache(maxsize=64)
def _is_annotation(text: bytes) -> bool:
    """Whether this is all of an annotation, whatever text is assigned behind it."""
    tree = _parsed(b"name:" + text + b"=0\n")
    match tree and tree.body:
        case [ast.AnnAssign(target=ast.Name(id="name"), value=ast.Constant(value=0))]:
            return True
        case _:
            return False


def names_by_statements(source: bytes) -> Mapping[str, object] | None:
    """The same of any source, as Python parses it."""
    tree = _parsed(source)
    found: dict[str, object] = {}
    bound: list[str] = []
    for statement in () if tree is None else tree.body:
        for name, value in bindings(statement):
            bound.append(name)
            if not _is_told(name, value, found):
                return None
    return _complete(found, bound)


def _parsed(source: bytes) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python says it when it imports the script
        try:
            return ast.parse(source)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None


def _is_told(name: str, value: ast.expr | None, found: dict[str, object]) -> bool:
    """Note a name's literal value; False where it is one of ours and its value is none."""
    try:
        found[name] = literal(value, found)
    except ValueError:
        found.pop(name, None)
        if name == "branch_labels" or name in MARKS:
            found[name] = UNTOLD
            return True
        return name not in NAMES
    return True


def names_in_code(file: Path) -> Mapping[str, object] | None:
    """The same from compiled code: what a module's own code stores right after loading it."""
    code = code_of(file)
    stored = {} if code is None else _stored(code)
    return _complete(stored, stored)


def _stored(code: CodeType) -> dict[str, object]:
    stored: dict[str, object] = {}
    before = None
    for now in dis.get_instructions(code):
        if now.opname in {"STORE_NAME", "DELETE_NAME"}:
            constant = before is not None and before.opname in {"LOAD_CONST", "RETURN_CONST"}
            # stored twice, or not from a constant: what it is in the end is not told
            known = constant and before is not None and now.argval not in stored
            stored[now.argval] = before.argval if known and before is not None else ...
        before = now
    return stored


def _complete(found: Mapping[str, object], bound: Iterable[str]) -> Mapping[str, object] | None:
    """The names of the graph, if all that are needed are there and of their types; and marks.

    With the `bound` names that may be misspelt marks, whose values nobody needs.
    """
    others = filter(may_be_misspelt, bound)
    told = {name: found[name] for name in NAMES if name in found}
    if not isinstance(told.get("revision"), str) or "down_revision" not in told:
        return None
    if not str(told["revision"]).strip() or not all(map(_is_value, told.values())):
        return None
    marks = {name: found[name] for name in MARKS if name in found}
    told |= {name: UNTOLD if mark is ... else mark for name, mark in marks.items()}
    return dict.fromkeys(others) | told


def may_be_misspelt(name: str) -> bool:
    """Whether a name is long enough to be like a mark, and no other name that we know."""
    return len(name) >= _LEAST_OF_MARK and name not in NAMES and name not in MARKS


def _is_value(value: object) -> bool:
    several = isinstance(value, tuple | list | set | frozenset)
    return value is None or isinstance(value, str) or (several and all(_is_text(v) for v in value))  # type: ignore[attr-defined]


def _is_text(value: object) -> bool:
    return isinstance(value, str)
