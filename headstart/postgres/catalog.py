"""Read a schema from the catalog, in one round trip and one read-only transaction.

It retries what a concurrent change of the schema breaks, and what waits for a table that somebody
holds; what was read means is the business of headstart.fingerprint.
"""

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

import psycopg2

from headstart.fingerprint.catalog.normal_form import Snapshot, is_torn, snapshot_of
from headstart.fingerprint.catalog.query import Reading, statements
from headstart.fingerprint.match.asking import SET_LIMIT, ask, require_usage
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.inspection import BEGIN_READING, named_failures, read_failure
from headstart.verdict.errors import Blocked, HeadstartError

AGAIN_SECONDS = 0.05
_LOCK_NOT_AVAILABLE = "55P03"
_CHANGED = frozenset({"XX000", "42P01", "42703", "42704", "42883"})
"""What pg_get_* raise for an object that is gone: they see a newer catalog than the scan does."""


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
        until = time.monotonic() + READ_SECONDS
        sql = "; ".join(statements(reading, self._connection.server_version))
        # a former reading has pinned what this one has to ask for
        begin = f"ROLLBACK; {BEGIN_READING}" if self._reading else BEGIN_READING
        self._reading = True
        while True:
            try:
                with named_failures():
                    rows = self._execute(f"{begin}; {sql}")
                break
            except _Again as again:
                if time.monotonic() > until:
                    raise again.error from None
                time.sleep(random.uniform(0, AGAIN_SECONDS))
            begin = f"ROLLBACK; {BEGIN_READING}"
        snapshot = snapshot_of(rows)
        require_usage(snapshot)
        self._schema = snapshot.schema
        return snapshot

    def ask(self, equal: EqualSchemas) -> Answers:
        """Ask whether tables are empty and rows are there, in the transaction of read()."""
        with named_failures():
            self._connection.execute(SET_LIMIT)
            return ask(self._one, equal, self._schema)

    def _execute(self, sql: str) -> Sequence[Sequence[str | None]]:
        try:
            # it pins the search_path itself, after it has asked which schema is the first
            rows = self._connection.execute(sql, timeout_seconds=READ_SECONDS, pin=False)
        except psycopg2.Error as error:
            raise _again(error) from None
        texts = [[None if text is None else str(text) for text in row] for row in rows]
        if is_torn(texts):
            raise _Again(Blocked("the schema could not be read: somebody changes it all the time"))
        return texts

    def _one(self, sql: str) -> object:
        self._connection.execute("SAVEPOINT asked")
        try:
            return self._connection.execute(sql, timeout_seconds=READ_SECONDS)[0][0]
        except psycopg2.Error as error:
            if error.pgcode is None:  # there is no connection any more
                raise
            self._connection.execute("ROLLBACK TO SAVEPOINT asked")
            return None


class _Again(Exception):
    """A reading failed in a way that the next one may not."""

    def __init__(self, error: HeadstartError) -> None:
        super().__init__(str(error))
        self.error = error


def _again(error: psycopg2.Error) -> Exception:
    if error.pgcode == _LOCK_NOT_AVAILABLE:
        blocked = Blocked(
            "the schema could not be read: somebody holds a table exclusively",
            sqlstate=error.pgcode,
        )
        return _Again(blocked)
    if error.pgcode in _CHANGED:
        return _Again(read_failure(error))
    return read_failure(error)
