"""Bring the SQL that PostgreSQL 13 to 18 print of one thing, also after a restore, into one form.

Pure. It reads what pg_get_expr and its kin print without pretty, where keywords are upper case and
all else that is unquoted is lower case; it does not parse SQL that people wrote. FINGERPRINT.md
section 2 has the differences that the rules remove.

An example, the condition of a CHECK:

    >>> normal_expression("((lower(name) = 'x'::text) AND (n > (1)::numeric))")
    "(lower(name) = 'x') AND (n > 1)"

The text becomes tokens, a cast being one: `( ( lower ( name ) = 'x' ::text ) AND ...`. Each opening
bracket begins a new `level`, and each closing one folds its level into one item of that around it:

    lower ( name )    a bracket behind a name holds arguments: lower(name)          _close_call
    'x' ::text        a cast to text, which may move in a restore, is dropped: 'x'         _cast
    ( 1 ) ::numeric   an atom needs no brackets, and a number no cast: 1    _close_group, _cast
    ( n > 1 )         several items are a group, which keeps its brackets          _close_group
    ( .. AND .. )     all is one group: its own brackets go                   normal_expression

A call in the syntax of SQL, as 14 and later print it, is written as 13 does:

    >>> normal_expression("EXTRACT(year FROM born)")
    "date_part('year', born)"
    >>> normal_expression("date_part('year'::text, born)")
    "date_part('year', born)"
"""

from functools import lru_cache

from headstart.fingerprint.catalog.expression_calls import CALLS, OPERATORS, operator_call
from headstart.fingerprint.catalog.expression_tokens import tokens, unqualified
from headstart.patterns import pattern

_PLAIN = pattern(r"[a-z_][a-z0-9_]*(?:\(\))?|\d+")
_PLAIN_LIST = pattern(r"\([a-z_][a-z0-9_]*(?:, [a-z_][a-z0-9_]*)*\)")

_NAME_END = frozenset('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$"')
"""The last characters of a name: an opening bracket behind one holds arguments."""
_SUBSCRIBED = _NAME_END | {")", "]"}
"""The last characters before a subscript: a square bracket behind another is an array."""
_SELECTING = {".", "["}
"""What selects a part of a group: `(a).b` and `(a)[1]` mean another thing without brackets."""

_GROUPING = {
    "AND", "AT TIME ZONE", "BOTH", "BY", "CASE", "CHECK", "DISTINCT", "ELSE", "ESCAPE", "FOR",
    "FROM", "HAVING", "JOIN", "LATERAL", "LEADING", "LIMIT", "NOT", "OFFSET", "ON", "OR",
    "OVERLAPS", "PLACING", "SELECT", "SIMILAR", "THEN", "TRAILING", "VARIADIC", "WHEN", "WHERE",
}  # fmt: skip
"""The keywords before an expression: a bracket behind one only groups. It stays behind others."""

_SPACED = {
    "ALL", "ANY", "AS", "COLUMNS", "CUBE", "DEFAULT", "DISTINCT ON", "EXCEPT", "EXISTS", "FILTER",
    "GROUP", "IN", "INCLUDE", "INTERSECT", "KEY", "MATERIALIZED", "OVER", "PASSING", "PATH",
    "ROLLUP", "SETS", "SOME", "UNION", "UNIQUE", "USING", "VALUES", "WITH",
}  # fmt: skip
"""The keywords that are written with a space before their bracket."""

_QUERIES = ("SELECT", "VALUES (", "WITH")
_ELEMENT_END = {",", ")", "DESC", "NULLS", "COLLATE", "WITH"}

_TEXT_CAST = pattern(r"::\s*(?:text|bpchar|varchar|character(?: varying)?)(?:\s*\(\d+\))?(?:\[\])*")
_NUMBER_CAST = pattern(
    r"::\s*(?:integer|bigint|smallint|real|double precision|numeric(?:\s*\([\d, -]+\))?)"
)
_NUMBER = pattern(r"(')?-?\d+\.?\d*(?:[eE][+-]?\d+)?(?(1)'|)")
_NUMBERS = pattern(r"ARRAY\[(?:-?\d[\d.]*(?:, )?)+\]")


class _Group(str):
    """A bracketed expression, which needs no brackets if there is nothing else.

    A subclass of str, so that items stay plain texts: only two places ask for the class.
    """

    __slots__ = ()


class _And(_Group):
    __slots__ = ()


class _Or(_Group):
    __slots__ = ()


_JOINED: dict[str, type[_Group]] = {"AND": _And, "OR": _Or}


@lru_cache(maxsize=4096)
def normal_expression(text: str) -> str:
    """Normalize what pg_get_expr or pg_get_constraintdef printed."""
    if _PLAIN.fullmatch(text):
        return text  # most defaults: now(), 0, true
    items = _normal(text)
    if len(items) == 1 and isinstance(items[0], _Group):
        return items[0][1:-1]
    return " ".join(items)


def normal_query(text: str) -> str:
    """Normalize what pg_get_viewdef printed."""
    text = text.strip("; \n")
    return " ".join(_normal(text, query=True))


@lru_cache(maxsize=4096)
def normal_definition(text: str) -> str:
    """Normalize the definition of a trigger or a foreign key, or an index's list of columns.

    Brackets around a definition or an element of its list stay: `(a)` is a list, and `((a))` is one
    of an expression, which may differ from the column by a dropped cast only.
    """
    if _PLAIN_LIST.fullmatch(text):
        return text
    return " ".join(_normal(text, listed=True))


def _normal(text: str, *, query: bool = False, listed: bool = False) -> list[str]:
    parts = tokens(text)
    try:
        return _reduced(unqualified(parts) if query else parts, listed)
    except (LookupError, ValueError):  # unbalanced, or else nothing that a server prints
        return [text]


def _reduced(parts: list[str], listed: bool) -> list[str]:
    """Reduce the tokens to the items of the outermost level.

    `level` is the items of the innermost open bracket and `stack` those around it: no recursion,
    for an expression may nest deeper than Python's stack.
    """
    # most texts have none of these operators: to look once is cheaper than to look in each group
    called = not OPERATORS.isdisjoint(parts)
    stack: list[list[str]] = []
    level: list[str] = []
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if part[0] not in "()[],:.":
            level.append(part)
        elif part in "([":
            stack.append(level)
            level = []
        elif part in ")]":
            inner, level = level, stack.pop()
            if part == "]":
                _close_square(level, inner)
            elif not _close_call(level, inner):
                stays = following[:1] in _SELECTING or (
                    listed and _is_element(len(stack), level, following)
                )
                _close_group(level, inner, stays, called)
        elif part[:2] == "::":
            _cast(level, part)
        elif part == ":":
            level.append(part)  # of a slice: [1:2]
        else:
            level[-1] += part  # a comma, or a field: they belong to what is before them
    if stack:
        raise LookupError
    return level


def _close_square(level: list[str], inner: list[str]) -> None:
    """Add an array's elements, or a subscript, to the level around it."""
    text = f"[{' '.join(inner)}]"
    if level and level[-1][-1] in _SUBSCRIBED:
        level[-1] += text
    else:
        level.append(text)


def _close_call(level: list[str], inner: list[str]) -> bool:
    """Add the brackets to the name before them, if there is one."""
    # AND ( .. ) is no call, though AND looks like a name. A keyword that _GROUPING lacks counts as
    # one: a bracket too many makes two forms of one thing, one too few a single form of two
    if not level or level[-1][-1] not in _NAME_END or level[-1] in _GROUPING:
        return False
    name = level[-1]
    if name in CALLS:
        level[-1] = CALLS[name](inner)
    else:
        level[-1] = f"{name}{' ' if name in _SPACED else ''}({' '.join(inner)})"
    return True


def _close_group(level: list[str], inner: list[str], stays: bool, called: bool) -> None:
    """Add a group to the level around it, without brackets if it is one atom."""
    query = bool(inner) and inner[0].startswith(_QUERIES)
    if len(inner) == 1 and not (stays or query or _is_row(level)):
        level.append(inner[0])
        return
    # `(a AT TIME ZONE b)` is `timezone(b, a)` on other versions
    call = operator_call(inner) if called else ""
    if call:
        level.append(call)
    elif query or any(item[-1] == "," for item in inner):
        level.append(f"({' '.join(inner)})")
    else:
        kind = _JOINED.get(inner[1], _Group) if len(inner) > 1 else _Group
        if kind is not _Group and isinstance(inner[0], kind):
            inner[0] = inner[0][1:-1]  # the parser does so: (a AND b) AND c, by BETWEEN for one
        level.append(kind(f"({' '.join(inner)})"))


def _is_row(level: list[str]) -> bool:
    # VALUES (1), (2): the second bracket is a row, not an atom in needless brackets
    return bool(level) and level[-1][-1] == "," and level[0].startswith("VALUES (")


def _is_element(depth: int, level: list[str], following: str) -> bool:
    """Whether a group is a whole definition, or a whole element of a list."""
    if depth == 0:
        return not level
    ends = following in _ELEMENT_END or following[0] in '_"' or following[0].islower()
    return depth == 1 and ends and (not level or level[-1][-1] == ",")


def _cast(level: list[str], cast: str) -> None:
    """Add a cast to the item before it, if it is one that tells.

    A cast to text never does; one to a number only behind a literal does not, for `n::integer`
    rounds.
    """
    if _TEXT_CAST.fullmatch(cast):
        return
    numbers = _NUMBERS if cast[-1] == "]" else _NUMBER
    if _NUMBER_CAST.fullmatch(cast.removesuffix("[]")) and numbers.fullmatch(level[-1]):
        level[-1] = level[-1].strip("'")
    else:
        level[-1] += "::" + cast[2:].lstrip()
