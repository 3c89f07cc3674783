"""Names and texts as SQL writes them. Pure."""

import re

from headstart.visible import UNSAFE

_UNSAFE = re.compile(f"[{UNSAFE}]")


def literal(value: str) -> str:
    """A string as an SQL literal, whatever standard_conforming_strings says."""
    quoted = value.replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in quoted else f"'{quoted}'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier, which a person may read and execute, whatever it holds."""
    quoted = '"' + name.replace('"', '""') + '"'
    if not _UNSAFE.search(name):
        return quoted
    doubled = quoted.replace("\\", "\\\\")
    return "U&" + _UNSAFE.sub(lambda found: f"\\+{ord(found[0]):06x}", doubled)
