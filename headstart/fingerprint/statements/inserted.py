"""A row that a revision inserts, known by a digest, and how a server makes the same digest. Pure.

The text that is digested has each value as an SQL literal, with a comma between them. Values are
printed by their types' output functions, never by a cast, which could be somebody's function.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headstart.facts.literals import literal
from headstart.facts.sql import identifier

_MOST_ARGUMENTS = 90
"""A function of the server's takes 100 arguments."""


class InsertedRow(NamedTuple):
    """A table, columns by their bare names, and the digest of the values in them."""

    table: str
    columns: tuple[str, ...]
    digest: str


def digest_of(values: Iterable[str]) -> str:
    """The digest of values, each as its type prints it."""
    return hashlib.sha256(",".join(map(literal, values)).encode()).hexdigest()


def printed(column: str) -> str:
    """SQL: the value of a column, as its type prints it."""
    return f"pg_catalog.concat({identifier(column)})"


def digests_found(place: str, columns: Sequence[str], digests: Iterable[str]) -> str:
    """SQL for the digests that rows of a table have, separated by spaces; one pass over the table.

    NULL is no value that was inserted. The columns are not qualified: a name that is no column
    would call a function of the database's own.
    """
    there = " AND ".join(f"{identifier(column)} IS NOT NULL" for column in columns)
    digest = _joined([f"pg_catalog.quote_literal({printed(column)})" for column in columns])
    digest = f"pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to({digest}, 'UTF8')), 'hex')"
    wanted = ", ".join(map(literal, sorted(digests)))
    return (
        "SELECT pg_catalog.array_to_string(ARRAY(SELECT DISTINCT headstart_rows.digest FROM"
        f" (SELECT {digest} AS digest FROM {place} WHERE {there}) headstart_rows WHERE"
        f" headstart_rows.digest OPERATOR(pg_catalog.=) ANY (ARRAY[{wanted}])), ' ')"
    )


def _joined(texts: list[str]) -> str:
    while len(texts) > 1:
        some = [texts[at : at + _MOST_ARGUMENTS] for at in range(0, len(texts), _MOST_ARGUMENTS)]
        texts = [f"pg_catalog.concat_ws(',', {', '.join(each)})" for each in some]
    return texts[0]
