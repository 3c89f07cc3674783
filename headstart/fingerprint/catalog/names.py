"""How names and texts stand in a line: unmistakable to a program, harmless to a terminal. Pure."""

import re

from headstart.facts.visible import UNSAFE
from headstart.patterns import pattern

_SIMPLE = pattern(r"[a-z_][a-z0-9_$]*")

_UNSAFE = pattern(rf"[\\{UNSAFE}]")
"""What is escaped, and the escape itself."""

_NAME = pattern(r'(?:("(?:[^"]|"")*"|[a-z_][a-z0-9_$]*)\.)?("(?:[^"]|"")*"|[a-z_][a-z0-9_$]*)')


def quoted(name: str) -> str:
    """A name as SQL writes it; keywords are not quoted, since each server has others."""
    if _SIMPLE.fullmatch(name):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def qualified(schema: str, name: str) -> str:
    """A name relative to the target schema, which is the empty one."""
    return f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)


def split_name(written: str) -> tuple[str, str]:
    """The schema, empty for the target one, and the name. Raises ValueError."""
    match = _NAME.fullmatch(unescaped(written))
    if match is None:
        raise ValueError(f"{written} is not a name")
    return _bare(match[1] or ""), _bare(match[2])


def escaped(text: str) -> str:
    """A text that can neither end its field nor confuse who reads it."""
    return _UNSAFE.sub(_escape, text) if _UNSAFE.search(text) else text


def unescaped(text: str) -> str:
    """What escaped() was given."""
    return re.sub(r"\\(\\|[0-9a-f]+;)", _unescape, text) if "\\" in text else text


def _escape(match: re.Match[str]) -> str:
    return "\\\\" if match[0] == "\\" else f"\\{ord(match[0]):x};"


def _unescape(match: re.Match[str]) -> str:
    return "\\" if match[1] == "\\" else chr(int(match[1][:-1], 16))


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
