"""What Alembic itself asks, before any revision runs: it must execute nothing of anybody's, either.

Two of its statements compare by an operator for which pg_catalog has none of just these types, so
that one that somebody planted in a schema of the search_path would be taken: the look for the
version table ("char" = text, name = varchar), and the change of its row (varchar = varchar). Both
are sent as they are, but with pg_catalog's operators. What revisions and env.py send is their own.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from headstart.patterns import pattern

_LOOKS_FOR_TABLE = pattern(r"SELECT pg_catalog\.pg_class\.relname\s+FROM pg_catalog\.pg_class JOIN")
_NAME, _LITERAL = r'(?:[^\s".]+|"(?:[^"]|"")+")', r"'(?:[^']|'')*'"
_CHANGES_VERSION = pattern(
    rf"((?:UPDATE|DELETE FROM) ({_NAME}(?:\.{_NAME})?) (?:SET version_num={_LITERAL} )?"
    rf"WHERE \2\.version_num) = ({_LITERAL})"
)
"""The table may have any name, and a row any text."""
_COMPARISON = pattern(r" (=|!=) ")
_ONE_OF = pattern(r" IN \(((?:%\(\w+\)s|[^()])*)\)")
"""In it may be a driver's parameter, which has parentheses itself."""


@contextmanager
def with_own_operators() -> Iterator[None]:
    """Send these statements safely, on every engine in the block."""
    event.listen(Engine, "before_cursor_execute", _send, retval=True)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", _send)


def _send(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    if _LOOKS_FOR_TABLE.match(statement):
        statement = _COMPARISON.sub(_qualified, statement)
        statement = _ONE_OF.sub(r" OPERATOR(pg_catalog.=) ANY (ARRAY[\1])", statement)
    elif change := _CHANGES_VERSION.fullmatch(statement):
        statement = f"{change[1]} OPERATOR(pg_catalog.=) {change[3]}"
    return statement, parameters


def _qualified(match: re.Match[str]) -> str:
    return f" OPERATOR(pg_catalog.{'<>' if match[1] == '!=' else match[1]}) "
