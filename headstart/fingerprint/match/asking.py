"""Ask a database what its catalog cannot show, on whatever connection there is. Pure: text only."""

from collections.abc import Callable, Mapping

from headstart.facts.sql import identifier
from headstart.facts.trust import is_readable
from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.fingerprint.statements.inserted import InsertedRow, digests_found
from headstart.verdict.errors import AccessRefused


def require_usage(snapshot: Snapshot) -> None:
    """Raise AccessRefused where names of a schema cannot be looked up."""
    if snapshot.unusable:
        names = ", ".join(map(identifier, snapshot.unusable))
        raise AccessRefused(
            f"the role may not use schema {names}, where tables of ours are",
            sqlstate="42501",
            next_step=f"as an administrator: GRANT USAGE ON SCHEMA {names} to this role",
        )


ASK_SECONDS = 20
"""How long the server may take to answer; without an answer a person has to decide."""

SET_LIMIT = f"SET LOCAL statement_timeout = '{ASK_SECONDS}s'"
"""Execute this first, in the transaction of the questions."""


def ask(one: Callable[[str], object], equal: EqualSchemas, schema: str) -> Answers:
    """Ask about tables and rows; `one` gives the first value of a query, None if it failed."""
    empty: dict[str, bool | None] = {}
    for table in sorted(equal.tables):
        place = _readable(one, table, schema)
        answer = place and one(f"SELECT NOT EXISTS (SELECT FROM {place})")
        # "" is a table that may not be read, None a query that failed: neither is an answer
        empty[table] = None if answer in (None, "") else bool(answer)
    by_columns: dict[tuple[str, tuple[str, ...]], list[InsertedRow]] = {}
    for row in sorted(equal.rows):
        by_columns.setdefault((row.table, row.columns), []).append(row)
    present: dict[InsertedRow, bool | None] = {}
    for rows in by_columns.values():
        present |= _are_there(one, rows, schema)
    return Answers(empty, present)


def _are_there(
    one: Callable[[str], object], rows: list[InsertedRow], schema: str
) -> Mapping[InsertedRow, bool | None]:
    """Ask about rows of one table that are known by the same columns."""
    place = _readable(one, rows[0].table, schema)
    digests = {row.digest for row in rows}
    present = one(digests_found(place, rows[0].columns, digests)) if place else None
    if present is None:
        return dict.fromkeys(rows)
    return {row: row.digest in str(present).split() for row in rows}


def _readable(one: Callable[[str], object], table: str, schema: str) -> str:
    """The table's full name in SQL; empty if it has none, or if reading it would not be safe.

    To ask a view, a foreign table, or a table of somebody whom we do not trust is to execute it.
    """
    try:
        table_schema, name = split_name(table)
    except ValueError:
        return ""
    readable = is_readable(table_schema or schema, name)
    return (
        f"{identifier(table_schema or schema)}.{identifier(name)}" if one(readable) is True else ""
    )
