"""Names and texts as SQL writes them, and a search_path in which nobody's operators are. Pure."""

from headstart.facts.visible import UNSAFE
from headstart.patterns import pattern

PINNED = "SET LOCAL search_path = pg_catalog, pg_temp"
"""Else an operator of somebody's that fits better than pg_catalog's would be executed as us.

oid = integer has no exact match there: public.=(oid, integer) is taken even from behind. No command
but SET LOCAL is right before a BEGIN, too: a SELECT would have taken a snapshot.
"""
NO_JIT = "SET LOCAL jit = off"
"""Compiling a look at the locks took seconds on a busy machine: ours are short, and have to be."""
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
    """One or several statements as one message, with the search_path pinned, and without JIT.

    The pin lasts as long as the transaction. In one that has failed only its end is heard, so what
    ends or begins a transaction stays in front.
    """
    if not sql.startswith(_TRANSACTION_CONTROL):
        return f"{PINNED}; {NO_JIT}; {sql}"
    first, semicolon, rest = sql.partition(";")
    return f"{first}; {PINNED}; {NO_JIT};{rest}" if semicolon else sql


def relation_named(schema: str, name: str) -> str:
    """SQL: the oid of a relation by the SQL of its names, NULL for none.

    By unique indexes, whatever the planner knows of the catalogs: joined by name, a version table
    was looked for among those of all tenants, in 200 ms at a thousand without statistics.
    """
    space = f"(SELECT m.oid FROM pg_catalog.pg_namespace m WHERE m.nspname = {schema})"
    there = f"k.relname = {name} AND k.relnamespace = {space}"
    return f"(SELECT k.oid FROM pg_catalog.pg_class k WHERE {there})"
