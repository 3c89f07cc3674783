"""Read a schema on env.py's own connection, in the transaction that it is in, and leave no trace.

What is pinned for reading is SET LOCAL, and gone again with the savepoint around it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from headstart.facts.sql import PINNED
from headstart.fingerprint.catalog.normal_form import Snapshot, snapshot_of
from headstart.fingerprint.catalog.query import Reading, statements
from headstart.fingerprint.match.asking import SET_LIMIT, ask, require_usage
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.revisions.worker import dbapi_connection

Execute = Callable[[str], Sequence[Sequence[object]]]
"""Executes one statement and gives its rows, if it has any."""


def executing_on(connection: Connection) -> Execute:
    """Execute by the driver's own cursor, which leaves a % alone, and no event fires."""

    def execute(sql: str) -> Sequence[Sequence[object]]:
        cursor = dbapi_connection(connection).cursor()
        try:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
        finally:
            cursor.close()

    return execute


class OwnCatalog:
    """The catalog as the connection of the revisions sees it, uncommitted changes included."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        version = "SELECT pg_catalog.current_setting('server_version_num')"
        self._version = int(str(execute(version)[0][0]))
        self._schema = ""

    def read(self, reading: Reading) -> Snapshot:
        """Read a schema. Raises AccessRefused, and the driver's own errors."""
        with _savepoint(self._execute):
            *pins, select = statements(reading, self._version)
            for pin in pins:
                self._execute(pin)
            rows = self._execute(select)
        snapshot = snapshot_of([None if t is None else str(t) for t in row] for row in rows)
        require_usage(snapshot)
        self._schema = snapshot.schema
        return snapshot

    def ask(self, equal: EqualSchemas) -> Answers:
        """Ask whether tables are empty and rows are there."""
        with _savepoint(self._execute):
            self._execute(PINNED)
            self._execute("SET LOCAL row_security = off")
            self._execute(SET_LIMIT)
            return ask(self._one, equal, self._schema)

    def _one(self, sql: str) -> object:
        self._execute("SAVEPOINT headstart_asked")
        try:
            return self._execute(sql)[0][0]
        except Exception:  # noqa: BLE001 each driver has its own; None says that it is not known
            self._execute("ROLLBACK TO SAVEPOINT headstart_asked")
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
