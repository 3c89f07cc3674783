"""The record of what was applied, as somebody else reads it: the comment on the version table."""

import json
from typing import Any

from tests.harness.result import Result
from tests.harness.server import Database

NOT_WRITTEN = "record_not_written"


def comment_of(database: Database, table: str = "alembic_version") -> str | None:
    """The comment as it is."""
    found = database.query(f"SELECT obj_description('{table}'::regclass, 'pg_class')")[0][0]
    return None if found is None else str(found)


def record_of(database: Database, table: str = "alembic_version") -> dict[str, Any]:
    """The record, which has to be there."""
    comment = comment_of(database, table)
    assert comment is not None
    found = json.loads(comment)
    assert isinstance(found, dict)
    return found


def chain_of(database: Database, table: str = "alembic_version") -> list[str]:
    """The revisions in it, oldest first."""
    return [entry[0] for entry in record_of(database, table)["chain"]]


def not_written(done: Result) -> list[str]:
    """Why there is no record, each time that it was said."""
    return [event["cause"] for event in done.events if event["event"] == NOT_WRITTEN]
