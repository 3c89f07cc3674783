"""What reads a database: a connection of ours, or env.py's own, whatever its driver."""

from typing import Protocol

import psycopg2

Rows = list[tuple[object, ...]]

DriverError = psycopg2.Error
MisuseError = psycopg2.ProgrammingError
"""What the server refused, or the driver: a COPY, which gives no rows."""
"""What execute() raises."""


class OtherDriverError(psycopg2.Error):
    """What another driver than ours raised, in the form that readers know."""

    def __init__(self, text: str, sqlstate: str | None) -> None:
        super().__init__(text)
        self._sqlstate = sqlstate

    @property
    def pgcode(self) -> str | None:  # type: ignore[override]
        """The SQLSTATE, if the server gave one."""
        return self._sqlstate


class Reader(Protocol):
    """What executes reads: a connection of ours, or env.py's own."""

    @property
    def server_version(self) -> int:
        """libpq's number: 160014 is 16.14."""

    def execute(self, sql: str, *, timeout_seconds: float = ..., pin: bool = ...) -> Rows:
        """Execute, as Connection.execute() says. Raises psycopg2.Error and TimeoutError."""
