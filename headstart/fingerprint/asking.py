"""Ask a database what its catalog cannot show, on whatever connection there is. Pure: text only."""

from collections.abc import Callable

from headstart.errors import AccessRefused
from headstart.fingerprint.equal_schemas import Answers, EqualSchemas, Row
from headstart.fingerprint.names import split_name
from headstart.fingerprint.normal_form import Snapshot
from headstart.sql import identifier, literal


def require_usage(found: Snapshot) -> None:
    """Raise AccessRefused where names of a schema cannot be looked up."""
    if found.unusable:
        names = ", ".join(map(identifier, found.unusable))
        raise AccessRefused(
            f"the role may not use schema {names}, where tables of ours are",
            sqlstate="42501",
            next_step=f"as an administrator: GRANT USAGE ON SCHEMA {names} to this role",
        )


def ask(one: Callable[[str], object], equal: EqualSchemas, schema: str) -> Answers:
    """Ask about tables and rows; `one` gives the first value of a query, None where it failed."""
    empty: dict[str, bool | None] = {}
    for table in sorted(equal.tables):
        place = _place(table, schema)
        found = place and one(f"SELECT NOT EXISTS (SELECT FROM {place})")
        empty[table] = None if found in (None, "") else bool(found)
    present: dict[Row, bool | None] = {
        row: _is_there(one, row, schema) for row in sorted(equal.rows)
    }
    return Answers(empty, present)


def _is_there(one: Callable[[str], object], row: Row, schema: str) -> bool | None:
    table, values = row
    place = _place(table, schema)
    found = place and one(
        f"SELECT EXISTS (SELECT FROM {place} t WHERE pg_catalog.to_jsonb(t)"
        f" OPERATOR(pg_catalog.@>) {literal(values)}::pg_catalog.jsonb)"
    )
    return None if found in (None, "") else bool(found)


def _place(table: str, schema: str) -> str:
    """The table's full name in SQL; empty where there is none to be told."""
    try:
        given, name = split_name(table)
    except ValueError:
        return ""
    return f"{identifier(given or schema)}.{identifier(name)}"
