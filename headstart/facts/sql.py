"""Names and texts as SQL writes them, and a search_path in which nobody's operators are. Pure."""

from headstart.facts.visible import UNSAFE
from headstart.patterns import pattern

PINNED = "SET LOCAL search_path = pg_catalog, pg_temp"
"""Else an operator of somebody's that fits better than pg_catalog's would be executed as us.

oid = integer has no exact match there: public.=(oid, integer) is taken even from behind. No command
but SET LOCAL is right before a BEGIN, too: a SELECT would have taken a snapshot.
"""
_UNSAFE = pattern(f"[{UNSAFE}]")
_TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "RELEASE", "ROLLBACK", "SAVEPOINT")


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier, which a person may read and execute, whatever it holds."""
    quoted = '"' + name.replace('"', '""') + '"'
    if not _UNSAFE.search(name):
        return quoted
    doubled = quoted.replace("\\", "\\\\")
    return "U&" + _UNSAFE.sub(lambda found: f"\\+{ord(found[0]):06x}", doubled)


def pinned(sql: str) -> str:
    """One or several statements as one message, with the search_path pinned for all of them.

    The pin lasts as long as the transaction. In one that has failed only its end is heard, so what
    ends or begins a transaction stays in front.
    """
    if not sql.startswith(_TRANSACTION_CONTROL):
        return f"{PINNED}; {sql}"
    first, semicolon, rest = sql.partition(";")
    return f"{first}; {PINNED};{rest}" if semicolon else sql
