r"""Show a statement without what it says: its shape, with a mark for each literal. Pure, linear.

A script may write a password, or people's data, into a statement in any form. So nothing is looked
for in it: every string and number goes, and every comment.

    >>> shape_of("UPDATE users SET token = E'it\\'s', age = 42 -- for Ann")
    "UPDATE users SET token = '?', age = ? "
"""

import re

from headstart.fingerprint.catalog.lexer import parts, token_pattern
from headstart.patterns import pattern

LONGEST_STATEMENT = 16_000
"""What is read of a statement, in characters."""
_TOKENS = token_pattern()
_MARKS = {"literal": "'?'", "number": "?", "comment": ""}
_HIDDEN = " …"
_VALUE_CLASS, _SYNTAX_ERROR = "22", "42601"
_LITERAL_STARTS = ("'", "$", *"0123456789")


def shape_of(sql: str) -> str:
    """The statement with '?' for each string, ? for each number, and without comments.

    Nothing is shown behind COPY ... FROM STDIN, where data may follow, nor behind a string in which
    a backslash precedes a quote: the server's settings decide where that one ends.
    """
    read, words, shown = sql[:LONGEST_STATEMENT], [""], list[str]()
    for kind, text in parts(_TOKENS, read):
        if kind == "space" and text.startswith("--"):
            continue
        shown.append(_MARKS.get(kind, text))
        if kind == "literal" and "\\'" in text and text[0] not in "eE$":
            return "".join(shown) + _HIDDEN
        if kind == "word":
            words.append(text.lower())
            if words[-2:] == ["from", "stdin"] and "copy" in words:
                return "".join(shown) + _HIDDEN
    cut = f"… (cut, {len(sql):,} characters)" if len(read) < len(sql) else ""
    return "".join(shown) + cut


def without_values(message: str, sqlstate: str | None) -> str:
    """A server's message without the value that it quotes from a statement or a row.

    It quotes one where a value is wrong (class 22) or where it could not read a literal (42601);
    elsewhere what is quoted is a name, which a person needs. asyncpg shows an argument that it
    cannot send.
    """
    text = _ARGUMENT.sub(r"\1", message[:LONGEST_STATEMENT])
    begins = _QUOTE.search(text)
    if begins is None or sqlstate is None:
        return text
    literal = text[begins.end() :].lstrip("eEbBxXnNuU&").startswith(_LITERAL_STARTS)
    if not sqlstate.startswith(_VALUE_CLASS) and not (sqlstate == _SYNTAX_ERROR and literal):
        return text
    ends = [found.end() for found in _QUOTE.finditer(text)]
    return f"{text[: begins.end()]}?{text[ends[-1] - 1 :] if len(ends) > 1 else ''}"


_QUOTE = pattern('["\u00ab\u00bb\u2039\u203a\u201c\u201d\u201e\u300c\u300d]')
"""Quotation marks of a server's messages, in its languages."""
_ARGUMENT = pattern(r"(invalid input for query argument \$\d+[^:]*): .*", re.DOTALL)
