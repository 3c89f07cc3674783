"""What the revisions execute, heard on every engine of this process while a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


class Statements:
    """The statements since they were taken last."""

    def __init__(self) -> None:
        self._heard: list[str] = []

    def hear(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        """SQLAlchemy's before_cursor_execute."""
        self._heard.append(statement)

    def take(self, version_table: str) -> list[str]:
        """Give the statements, except the ones on Alembic's own table, and forget them."""
        heard, self._heard = self._heard, []
        return [statement for statement in heard if version_table not in statement]


@contextmanager
def heard_statements() -> Iterator[Statements]:
    """Listen while the block runs."""
    heard = Statements()
    event.listen(Engine, "before_cursor_execute", heard.hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", heard.hear)
