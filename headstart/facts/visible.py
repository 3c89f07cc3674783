"""Text from elsewhere, shown so that it can neither forge a line nor confuse a terminal. Pure.

Names in a database, a server's messages, what scripts print: whoever made them may have meant to
deceive the one who reads. Every text that leaves the program goes through here, after the masking.
"""

import json
import re

from headstart.patterns import pattern

UNSAFE = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Control, format and bidirectional characters, line separators and lone surrogates, as a set of a
regular expression. Source: Unicode's general categories Cc, Cf, Cs, Zl and Zp; a list of our own,
since Python's tables differ by its version."""

_UNSAFE = pattern(f"[{UNSAFE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode  # made once, not per line


_LONGEST = 200
"""Characters of one value that somebody set: longer ones are mistakes, which nobody reads."""


def cut(text: str) -> str:
    """A value in a message: of one that is huge its beginning, and how long it is."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... ({len(text):,} characters)"


def one_line(text: str) -> str:
    """The text for people, with escapes as Python writes them: it stays within its line."""
    return _UNSAFE.sub(_python_escape, text)


def lines_of(text: str) -> list[str]:
    """A text that is meant to have several lines, each of them harmless."""
    return [one_line(line.expandtabs(4)) for line in text.splitlines()]


def json_text(value: object) -> str:
    """One line of JSON: the same value to a program, and harmless to whoever reads it."""
    text = _encode(value)
    # nearly always, and asked at a tenth of what a search costs
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_json_escape, text)


def _python_escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    short = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return _SHORT.get(found[0], short if code < 0x10000 else f"\\U{code:08x}")


def _json_escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
