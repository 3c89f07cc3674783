"""INVALID indexes, made as they are made in life; and who is building one."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import psycopg2
import pytest

from tests.harness.program import until
from tests.harness.server import Database

TWICE = "INSERT INTO accounts (name) VALUES ('ada'), ('ada')"
INVALID = """
    SELECT c.relname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    WHERE NOT (x.indisvalid AND x.indisready AND x.indislive) ORDER BY 1
"""


def invalid(database: Database) -> list[str]:
    """The names of all INVALID indexes."""
    return [name for (name,) in database.query(INVALID)]


def fail_to_build(database: Database, name: str = "ix_names", table: str = "accounts") -> None:
    """Let a unique index fail at rows that are there twice, which leaves it INVALID."""
    if table == "accounts":
        database.execute(TWICE)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        database.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} (name)")
    assert name in invalid(database)


@contextmanager
def building(database: Database, statement: str, url: str = "") -> Iterator[int]:
    """Somebody is at work on an index, and waits for an old snapshot; gives the process id."""
    held = psycopg2.connect(database.url)
    held.set_session(isolation_level="REPEATABLE READ")
    held.cursor().execute("SELECT count(*) FROM accounts")
    builder = psycopg2.connect(url or database.url)
    builder.autocommit = True
    thread = Thread(target=_execute, args=(builder, statement))
    thread.start()
    try:
        until(lambda: database.query(_WAITING.format(pid=builder.info.backend_pid)), "a build")
        yield builder.info.backend_pid
    finally:
        held.close()
        thread.join()
        builder.close()


_WAITING = "SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted AND locktype = 'virtualxid'"


def _execute(connection: "psycopg2.extensions.connection", statement: str) -> None:
    connection.cursor().execute(statement)


def cut_off(database: Database, statement: str) -> None:
    """Let a build be ended while it waits for an old snapshot, which leaves its index INVALID."""
    held = psycopg2.connect(database.url)
    held.set_session(isolation_level="REPEATABLE READ")
    held.cursor().execute("SELECT 1")
    builder = psycopg2.connect(database.url)
    builder.autocommit = True
    cursor = builder.cursor()
    cursor.execute("SET statement_timeout = '300ms'")
    with pytest.raises(psycopg2.errors.QueryCanceled):
        cursor.execute(statement)
    builder.close()
    held.close()
