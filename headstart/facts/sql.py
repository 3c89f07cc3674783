"""Names and texts as SQL writes them, and a search_path in which nobody's operators are. Pure."""

from headstart.facts.visible import UNSAFE
from headstart.patterns import pattern

PINNED = "SET LOCAL search_path = pg_catalog, pg_temp"
"""Else an operator of somebody's that fits better than pg_catalog's would be executed as us.

oid = integer has no exact match there: public.=(oid, integer) is taken even from behind. No command
but SET LOCAL is right before a BEGIN, too: a SELECT would have taken a snapshot.
"""
_PART = r"""("(?:[^"]|"")+"|[^."\s][^.\s]*)"""
QUALIFIED = pattern(rf"(?:{_PART}\.)?{_PART}")
"""[schema.]name: each as it is, or quoted where it holds a dot, a blank or a quote."""
_UNSAFE = pattern(f"[{UNSAFE}]")
_TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "RELEASE", "ROLLBACK", "SAVEPOINT")


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier, which a person may read and execute, whatever it holds."""
    quoted = '"' + name.replace('"', '""') + '"'
    if not _UNSAFE.search(name):
        return quoted
    doubled = quoted.replace("\\", "\\\\")
    return "U&" + _UNSAFE.sub(lambda found: f"\\+{ord(found[0]):06x}", doubled)


def qualified(name: str) -> tuple[str | None, str]:
    """The schema, if there is one, and the name of a table, of what QUALIFIED describes."""
    found = QUALIFIED.fullmatch(name)
    if found is None:
        schema, _, table = name.rpartition(".")
        return schema or None, table
    return found[1] and _unquoted(found[1]), _unquoted(found[2])


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def as_part(name: str) -> str:
    """A name as a part of what QUALIFIED describes: quoted where it has to be."""
    is_plain = QUALIFIED.fullmatch(name) and "." not in name and not name.startswith('"')
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def pinned(sql: str) -> str:
    """One or several statements as one message, with the search_path pinned for all of them.

    The pin lasts as long as the transaction. In one that has failed only its end is heard, so what
    ends or begins a transaction stays in front.
    """
    if not sql.startswith(_TRANSACTION_CONTROL):
        return f"{PINNED}; {sql}"
    first, semicolon, rest = sql.partition(";")
    return f"{first}; {PINNED};{rest}" if semicolon else sql
