"""A temporary table of the version table's name, which comes first wherever that has no schema.

Alembic writes its row into it then, and the server forgets it with the connection.
"""

import re

from sqlalchemy import Connection

from headstart.facts.literals import literal
from headstart.facts.sql import identifier
from headstart.patterns import pattern
from headstart.revisions.worker import one_row
from headstart.verdict.errors import RevisionFailed

_TEMPORARY = pattern(r"\btemp(?:orary)?\b", re.IGNORECASE)


class HiddenTable:
    """Whether a revision has hidden the version table; only who may have done so is asked."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._may_be = False

    def note_name(self, name: str, schema: str | None) -> None:
        """What Alembic calls its table."""
        self._name = None if schema else name

    def hear(self, statement: str) -> None:
        """A statement of a revision's."""
        if self._name is not None and self._name in statement and _TEMPORARY.search(statement):
            self._may_be = True

    def refuse(self, connection: Connection, revision: str) -> None:
        """Raise RevisionFailed if the version row would be written there; may ask the server."""
        if not self._may_be or self._name is None:
            return
        self._may_be = False
        hiding = literal(f"pg_temp.{identifier(self._name)}")
        if one_row(connection, f"SELECT pg_catalog.to_regclass({hiding})")[0] is not None:
            raise RevisionFailed(
                f"revision {revision} has made a temporary table {identifier(self._name)}, which"
                " hides the version table: Alembic would write its row there, where it is lost with"
                " the connection",
                next_step="give the temporary table another name, or drop it before the revision"
                " ends; then run again",
            )
