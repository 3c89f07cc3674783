r"""Split SQL into its smallest parts, as the server's own lexer does. Pure.

One pattern for all who read SQL: what people wrote (sql_tree.py) and what a server printed
(expression_tokens.py). Each adds what is one token to it: a driver's placeholder, a cast with
its type. `E'\';' /* a /* b */ */ x` is a literal, a comment and a word:

    >>> [kind for kind, _ in lexed(token_pattern(), r"E'\';' /* a /* b */ */ x")]
    ['literal', 'word']
"""

import re
from collections.abc import Iterator

from headstart.patterns import pattern

_OTHERS = r":-@\[-\^`\{-\x7f"
"""The ASCII characters from the colon on that are no letters. To the server everything outside
ASCII is a letter, even a no-break space or an emoji; a class that names what it excludes says so,
and compiles in a twentieth of the time of one that names a million characters.
"""
_LETTER = rf"[^\x00-9{_OTHERS}]"
_LETTER_OR_DIGIT = rf"[^\x00-/{_OTHERS}]"
WORD = rf"{_LETTER}[^\x00-\#%-/{_OTHERS}]*"  # a dollar sign, too
NAME = rf'(?:{WORD}|"[^"]*(?:""[^"]*)*")'
NUMBER = rf"[0-9][^\x00-\-/{_OTHERS}]*(?:(?<=[eE])[+-][0-9]+)?"  # a dot, too
OPERATOR = r"[-+*/<>=~!@\#%^&|`?]+"

# what has no end ends with the text: nothing behind it is SQL to the server, either
_END = r"(?:'|\Z)"
_BEFORE = rf"""
    (?P<space> [ \t\n\r\f\v]+ | --[^\r\n]* )
  | (?P<comment> /\* )
  | (?P<literal>
        [eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*{_END}      # a backslash escapes
      | (?:[bBxXnN]|[uU]&)?'[^']*(?:''[^']*)*{_END}
      | \$(?P<tag>(?:{_LETTER}{_LETTER_OR_DIGIT}*)?)\$.*?(?:\$(?P=tag)\$|\Z) )"""
_AFTER = rf"""
    (?P<unicode> [uU]&"[^"]*(?:""[^"]*)*(?:"|\Z) )
  | (?P<name> "[^"]*(?:""[^"]*)*(?:"|\Z) )
  | (?P<word> {WORD} )
  | (?P<number> {NUMBER} )
  | (?P<symbol> ::|. )"""
_COMMENT_MARK = pattern(r"/\*|\*/")


def token_pattern(*compounds: str) -> re.Pattern[str]:
    """Return the pattern of all tokens; a compound comes before all but spaces and literals."""
    named = f"(?P<compound> {' | '.join(compounds)} )" if compounds else "(?P<compound>(?!))"
    return pattern(f"{_BEFORE} | {named} | {_AFTER}", re.VERBOSE | re.DOTALL)


def lexed(pattern: re.Pattern[str], sql: str) -> Iterator[tuple[str, str]]:
    """Each token's kind and text, without spaces and comments; what has no end ends with the text.

    The kinds are literal, compound, unicode (a name in Unicode escapes), name (a quoted one), word,
    number and symbol.
    """
    for kind, text in parts(pattern, sql):
        if kind not in _NO_TOKENS:
            yield kind, text


_NO_TOKENS = frozenset({"space", "comment"})


def parts(pattern: re.Pattern[str], sql: str) -> Iterator[tuple[str, str]]:
    """All of the text, also its spaces (-- comments are such) and /* comments */."""
    at = 0
    while match := pattern.match(sql, at):
        end = match.end()
        kind = match.lastgroup or ""
        if kind == "comment":
            end = _end_of_comment(sql, end)
        yield kind, sql[at:end]
        at = end


def _end_of_comment(sql: str, at: int) -> int:
    # comments nest, which no regular expression can follow
    depth = 1
    while depth and (mark := _COMMENT_MARK.search(sql, at)):
        at = mark.end()
        depth += 1 if mark[0] == "/*" else -1
    return len(sql) if depth else at
