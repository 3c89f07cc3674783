"""Read a schema from the catalog, in one round trip and one read-only transaction.

It retries what a concurrent change of the schema breaks, and what waits for a table that somebody
holds; what was read means is the business of headstart.fingerprint.
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import psycopg2

from headstart.fingerprint.catalog.normal_form import Snapshot, is_torn, snapshot_of
from headstart.fingerprint.catalog.query import Reading, statements
from headstart.fingerprint.match.asking import SET_LIMIT, ask, require_usage
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.inspection import BEGIN_READING
from headstart.postgres.read_failure import LOCK_NOT_AVAILABLE, named_failures
from headstart.postgres.reader import Rows
from headstart.verdict.errors import Blocked, HeadstartError

AGAIN_SECONDS = 0.05
_MAY_PASS = frozenset({LOCK_NOT_AVAILABLE, "XX000", "42P01", "42703", "42704", "42883"})
"""What pg_get_* raise for an object that is locked or gone: they see a newer catalog than we do."""


class Catalog:
    """The catalog on a connection of ours, in one transaction for as long as the block lasts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._schema = ""
        self._reading = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the transaction: a pooler closes a server connection that is left within one."""
        with suppress(psycopg2.Error, TimeoutError):
            self._connection.execute("ROLLBACK")

    def read(self, reading: Reading) -> Snapshot:
        """Read a schema. Raises AccessRefused, Blocked and ConnectionLost."""
        sql = "; ".join(statements(reading, self._connection.server_version))

        def read() -> Rows:
            # a former reading has pinned what this one has to ask for
            begin = f"ROLLBACK; {BEGIN_READING}" if self._reading else BEGIN_READING
            self._reading = True
            # it pins the search_path itself, after it has asked which schema is the first
            return self._connection.execute(
                f"{begin}; {sql}", timeout_seconds=READ_SECONDS, pin=False
            )

        snapshot = snapshot_of(read_whole(read, READ_SECONDS))
        require_usage(snapshot)
        self._schema = snapshot.schema
        return snapshot

    def ask(self, equal: EqualSchemas) -> Answers:
        """Ask whether tables are empty and rows are there, in the transaction of read()."""
        with named_failures():
            self._connection.execute(SET_LIMIT)
            return ask(self._one, equal, self._schema)

    def look_around(self, sql: str) -> list[list[str | None]]:
        """Execute a query of ours on the catalog, in the transaction of read()."""
        with named_failures():
            rows = self._connection.execute(sql, timeout_seconds=READ_SECONDS)
        return [[None if text is None else str(text) for text in row] for row in rows]

    def _one(self, sql: str) -> object:
        self._connection.execute("SAVEPOINT asked")
        try:
            return self._connection.execute(sql, timeout_seconds=READ_SECONDS)[0][0]
        except psycopg2.Error as error:
            if error.pgcode is None:  # there is no connection any more
                raise
            self._connection.execute("ROLLBACK TO SAVEPOINT asked")
            return None


def read_whole(read: Callable[[], Rows], patience_seconds: float) -> list[list[str | None]]:
    """Read until the rows are of one moment; what `read` raises may be over when it reads again.

    Raises AccessRefused, Blocked and ConnectionLost.
    """
    until = time.monotonic() + patience_seconds
    while True:
        failure: HeadstartError
        try:
            with named_failures():
                rows = read()
        except HeadstartError as error:
            if error.sqlstate not in _MAY_PASS:
                raise
            failure = error
        else:
            texts = [[None if text is None else str(text) for text in row] for row in rows]
            if not is_torn(texts):
                return texts
            failure = Blocked("the schema could not be read: somebody changes it all the time")
        if time.monotonic() > until:
            raise failure
        time.sleep(random.uniform(0, AGAIN_SECONDS))
