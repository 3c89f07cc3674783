"""Read on env.py's own connection, in the transaction that it is in, and leave no trace.

A connection of ours would be a third one, which a pool of two never gives, and would wait for what
env.py's transaction has locked. What is pinned for reading is SET LOCAL, and gone again with the
savepoint around it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from headstart.facts.sql import PINNED
from headstart.fingerprint.catalog.normal_form import Snapshot, snapshot_of
from headstart.fingerprint.catalog.query import Reading, statements
from headstart.fingerprint.match.asking import SET_LIMIT, ask, require_usage
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.postgres.catalog import read_whole
from headstart.postgres.connection import CONNECT_SECONDS, READ_SECONDS
from headstart.postgres.inspection import BEGIN_READING
from headstart.postgres.read_failure import named_failures
from headstart.postgres.reader import DriverError, OtherDriverError, Reader, Rows
from headstart.revisions.causes import first_line
from headstart.revisions.driver_error import sqlstate_of
from headstart.revisions.worker import dbapi_connection

Execute = Callable[[str], Rows]
"""Executes one statement and gives its rows, if it has any."""

_PATIENCE_SECONDS = 5.0
"""How long a reading may be repeated, while env.py's transaction holds what it has locked."""
_LIMITS = f"SET LOCAL statement_timeout = '{READ_SECONDS:.0f}s'"


class OwnConnection:
    """env.py's connection, for what reads on one of ours.

    It is in a transaction of its own making, so that what would begin or end one is left out.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        version: Sequence[Any] = connection.dialect.server_version_info or (0, 0)
        self.server_version = int(version[0]) * 10_000 + int(version[-1])

    def execute(
        self, sql: str, *, timeout_seconds: float = CONNECT_SECONDS, pin: bool = True
    ) -> Rows:
        """Execute one statement by the driver's own cursor, which leaves a % alone.

        How long it may take the savepoint around it says, and what the search_path is. Raises
        DriverError.
        """
        del timeout_seconds, pin
        text = sql.removeprefix(f"{BEGIN_READING}; ")
        if text in {BEGIN_READING, "COMMIT"}:
            return []
        cursor = dbapi_connection(self._connection).cursor()
        try:
            cursor.execute(text)
            rows = cursor.fetchall() if cursor.description else []
        except Exception as error:
            if isinstance(error, DriverError):
                raise
            raise OtherDriverError(first_line(error), sqlstate_of(error)) from error
        finally:
            cursor.close()
        return [tuple(map(_plain, row)) for row in rows]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in the block; what is set in it, or fails, is undone at its end."""
        with _savepoint(self.execute):
            self.execute(_LIMITS)
            yield


def _plain(value: object) -> object:
    """What psycopg2 would give: asyncpg has bytes for a "char"."""
    return value.decode() if isinstance(value, bytes) else value


class OwnCatalog:
    """The catalog as the connection of the revisions sees it, uncommitted changes included."""

    def __init__(self, connection: Reader) -> None:
        self._connection = connection
        self._schema = ""

    def read(self, reading: Reading) -> Snapshot:
        """Read a schema. Raises AccessRefused, Blocked and ConnectionLost."""
        snapshot = snapshot_of(read_whole(lambda: self._read(reading), _PATIENCE_SECONDS))
        require_usage(snapshot)
        self._schema = snapshot.schema
        return snapshot

    def _read(self, reading: Reading) -> Rows:
        execute = self._connection.execute
        with _savepoint(execute):
            *pins, select = statements(reading, self._connection.server_version)
            for pin in pins:
                execute(pin)
            return execute(select)

    def ask(self, equal: EqualSchemas) -> Answers:
        """Ask whether tables are empty and rows are there."""
        execute = self._connection.execute
        with named_failures(), _savepoint(execute):
            execute(PINNED)
            execute("SET LOCAL row_security = off")
            execute(SET_LIMIT)
            return ask(self._one, equal, self._schema)

    def look_around(self, sql: str) -> list[list[str | None]]:
        """Execute a query of ours on the catalog."""
        execute = self._connection.execute
        with named_failures(), _savepoint(execute):
            execute(PINNED)
            rows = execute(sql)
        return [[None if text is None else str(text) for text in row] for row in rows]

    def _one(self, sql: str) -> object:
        self._connection.execute("SAVEPOINT headstart_asked")
        try:
            return self._connection.execute(sql)[0][0]
        except DriverError:  # None says that it is not known
            self._connection.execute("ROLLBACK TO SAVEPOINT headstart_asked")
            return None


@contextmanager
def _savepoint(execute: Execute) -> Iterator[None]:
    execute("SAVEPOINT headstart_read")
    try:
        yield
    finally:
        # released as well: else each reading would leave the transaction one level deeper
        execute("ROLLBACK TO SAVEPOINT headstart_read")
        execute("RELEASE SAVEPOINT headstart_read")
