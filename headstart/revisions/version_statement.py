"""Whose statement failed: one of Alembic's own on its version table, or somebody else's.

A SQLSTATE alone does not tell: "column does not exist" may be about a query of env.py's.
"""

import traceback
from typing import Any

from headstart.facts.sql import identifier
from headstart.revisions import version_rows

_BELOW = (
    *("sqlalchemy", "psycopg2", "psycopg", "asyncpg", "greenlet", "alembic.ddl"),
    version_rows.__name__,
)
"""What sends a statement for others."""
_ALEMBICS = "alembic.runtime.migration"
_ON_ITS_TABLE = frozenset(
    {
        "get_current_heads",
        "_ensure_version_table",
        "_has_version_table",
        "_insert_version",
        "_delete_version",
        "_update_version",
    }
)
"""Functions of that module; with others, MigrationContext.execute, env.py sends what it likes."""


def version_table_of(error: BaseException) -> str | None:
    """The version table on which Alembic's own statement failed; None if it was not one."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    sender = next((each for each in reversed(frames) if not _is_below(_module(each))), None)
    if sender is None or _module(sender) != _ALEMBICS:
        return None
    if sender.f_code.co_name not in _ON_ITS_TABLE:
        return None
    asked = sender.f_locals.get("self")
    table = getattr(getattr(asked, "context", asked), "_version", None)
    if table is None:
        return None
    return ".".join(identifier(part) for part in (table.schema, table.name) if part)


def _module(frame: Any) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_below(module: str) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in _BELOW)
