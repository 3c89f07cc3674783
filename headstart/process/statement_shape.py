r"""Show a statement without what it says: its shape, with a mark for each literal. Pure, linear.

A script may write a password, or people's data, into a statement in any form. So nothing is looked
for in it: every string and number goes, and every comment.

    >>> shape_of("UPDATE users SET token = E'it\\'s', age = 42 -- for Ann")
    "UPDATE users SET token = '?', age = ? "
"""

import re
from typing import NamedTuple

from headstart.fingerprint.catalog.lexer import parts, token_pattern
from headstart.patterns import pattern

LONGEST_STATEMENT = 16_000
"""What is read of a statement, in characters."""
_TOKENS = token_pattern()
_CLOSED = pattern(
    r"[eE]'(?:[^'\\]|\\.|'')*+' | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+'", re.VERBOSE | re.DOTALL
)
_MARKS = {"literal": "'?'", "number": "?", "comment": ""}
_HIDDEN = " …"
_VALUE_CLASS, _SYNTAX_ERROR = "22", "42601"
_LITERAL_STARTS = ("'", "$", *"0123456789")


def shape_of(sql: str) -> str:
    """The statement with '?' for each string, ? for each number, and without comments.

    Nothing is shown behind COPY ... FROM STDIN, where data may follow, nor behind a string in which
    a backslash precedes a quote: the server's settings decide where that one ends. Nor, where the
    quoting is broken, from the first string on, and behind a PASSWORD that is a value.
    """
    read, shown = sql[:LONGEST_STATEMENT], list[str]()
    before, words, first_literal = _Part("space", ""), [""], None
    for part in map(_Part._make, parts(_TOKENS, read)):
        if part.kind == "space" and part.text.startswith("--"):
            continue
        if first_literal is not None and _is_broken(before, part):
            return "".join(shown[: first_literal + 1]) + _HIDDEN
        if part.kind == "literal" and first_literal is None:
            first_literal = len(shown)
        shown.append(_MARKS.get(part.kind, part.text))
        before = part
        if part.kind == "literal" and "\\'" in part.text and part.text[0] not in "eE$":
            return "".join(shown) + _HIDDEN
        if part.kind == "word":
            words.append(part.text.lower())
            if words[-2:] == ["from", "stdin"] and "copy" in words:
                return "".join(shown) + _HIDDEN
            if words[-1] == _PASSWORD and _HAVE_PASSWORDS & {*words}:
                return "".join(shown) + _HIDDEN
    cut = f"… (cut, {len(sql):,} characters)" if len(read) < len(sql) else ""
    if first_literal is not None and before.kind == "literal" and not _is_closed(before.text):
        return "".join(shown[: first_literal + 1]) + (cut or _HIDDEN)
    return "".join(shown) + cut


class _Part(NamedTuple):
    """A part of a statement, as the lexer gives it."""

    kind: str
    text: str


_PASSWORD = "password"  # noqa: S105 the keyword
_HAVE_PASSWORDS = frozenset({"role", "user", "group", "options", "subscription"})
"""What takes a password that may be written without quotes, by mistake."""


def _is_broken(before: _Part, part: _Part) -> bool:
    """Whether a string ends where a word goes on: somebody's value has a quote in it."""
    return before.kind == "literal" and part.kind in {"word", "number", "name"}


def _is_closed(literal: str) -> bool:
    quote = literal.find("'")
    if literal.startswith("$") or quote < 0:
        tag = literal[: literal.find("$", 1) + 1]
        return len(literal) >= 2 * len(tag) and literal.endswith(tag)
    return (
        len(literal) > quote + 1
        and literal.endswith("'")
        and _CLOSED.fullmatch(literal) is not None
    )


def says_password(sql: str | None) -> bool:
    """Whether a statement gives somebody a password: no word of it may be quoted."""
    return sql is not None and _PASSWORD in sql[:LONGEST_STATEMENT].lower()


def without_values(message: str, sqlstate: str | None, statement: str | None = None) -> str:
    """A server's message without the value that it quotes from a statement or a row.

    It quotes one where a value is wrong (class 22) or where it could not read a literal (42601);
    elsewhere what is quoted is a name, which a person needs. In a `statement` with a password, what
    was not understood (42601) may be that. asyncpg shows an argument that it
    cannot send.
    """
    text = _ARGUMENT.sub(r"\1", message[:LONGEST_STATEMENT])
    begins = _QUOTE.search(text)
    if begins is None or sqlstate is None:
        return text
    literal = text[begins.end() :].lstrip("eEbBxXnNuU&").startswith(_LITERAL_STARTS)
    literal = literal or says_password(statement)
    if not sqlstate.startswith(_VALUE_CLASS) and not (sqlstate == _SYNTAX_ERROR and literal):
        return text
    ends = [found.end() for found in _QUOTE.finditer(text)]
    return f"{text[: begins.end()]}?{text[ends[-1] - 1 :] if len(ends) > 1 else ''}"


_QUOTE = pattern('["\u00ab\u00bb\u2039\u203a\u201c\u201d\u201e\u300c\u300d]')
"""Quotation marks of a server's messages, in its languages."""
_ARGUMENT = pattern(r"(invalid input for query argument \$\d+[^:]*): .*", re.DOTALL)
