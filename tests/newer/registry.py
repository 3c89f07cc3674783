"""Where the app's statements are told."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Statement = Callable[[Session], object]
STATEMENTS: dict[str, Statement] = {}
"""In the app's order."""


def statement(function: Statement) -> Statement:
    """The app executes it."""
    STATEMENTS[function.__name__] = function
    return function


def rows(session: Session, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a statement in SQL gives."""
    return [tuple(row) for row in session.execute(text(sql), values)]
