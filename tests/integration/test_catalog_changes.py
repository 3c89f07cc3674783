"""A schema that is changed or locked while it is read: wait, read again, take no half of it."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle

import psycopg2
import pytest

import headstart.postgres.catalog
from headstart.verdict.errors import Blocked, outcome_of
from tests.harness.background import in_the_background
from tests.harness.server import Database
from tests.integration.schema_reading import read

READS = 100
HELD_SECONDS = 3.0
LIMIT_SECONDS = 3.0
"""Longer than the lock_timeout of one attempt, so that there is a second one."""
NEEDING_THE_LOCK = {
    "a view": "CREATE VIEW v AS SELECT id FROM t",
    "a check": "ALTER TABLE t ADD CHECK (id > 0)",
    "a default": "ALTER TABLE t ALTER id SET DEFAULT 3",
    "an index": "CREATE INDEX ON t ((id + 1)) WHERE id > 2",
    "a policy": "CREATE POLICY p ON t USING (id > 3)",
}
LOOP = (
    "CREATE TABLE more (id serial PRIMARY KEY, n text DEFAULT 'x' CHECK (n <> 'y'), e int)",
    "CREATE INDEX more_n ON more (lower(n)) WHERE n IS NOT NULL",
    "CREATE VIEW seen AS SELECT n FROM more",
    "ALTER TABLE more ADD f int DEFAULT 3",
    "ALTER TABLE more DROP f",
    "CREATE POLICY own ON more USING (n = 'x')",
    "ALTER TABLE more ADD CONSTRAINT small CHECK (e < 3)",
    "CREATE TRIGGER same BEFORE UPDATE ON more EXECUTE FUNCTION touch()",
    "CREATE TYPE mood AS ENUM ('a')",
    "ALTER TABLE more ADD m mood DEFAULT 'a'",
    "ALTER TABLE more DROP m",
    "DROP TYPE mood",
    "CREATE FUNCTION one(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION one",
    "DROP TRIGGER same ON more",
    "DROP VIEW seen",
    "DROP INDEX more_n",
    "DROP TABLE more",
)
"""Back at the start, a schema has gone through as many states as there are statements."""
PAUSE_SECONDS = 0.002
"""Between two statements: no migration is a tight loop, and each takes as long as its COMMIT."""


@pytest.fixture(params=list(NEEDING_THE_LOCK.values()), ids=list(NEEDING_THE_LOCK))
def table(request: pytest.FixtureRequest, database: Database) -> Database:
    """A database with a table t, and something that cannot be printed while t is locked."""
    database.execute("CREATE TABLE t (id int)")
    database.execute(request.param)
    return database


@contextmanager
def exclusively(database: Database, seconds: float | None = None) -> Iterator[None]:
    """Hold the table for the length of the block, or only this long."""
    with closing(psycopg2.connect(database.url)) as holder:
        holder.cursor().execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        timer = threading.Timer(seconds or 0, holder.rollback)
        if seconds:
            timer.start()
        yield
        timer.cancel()


def test_a_table_that_is_held_for_a_while_is_waited_for(table: Database) -> None:
    expected = read(table.parameters)
    with exclusively(table, HELD_SECONDS):
        started = time.monotonic()
        assert read(table.parameters) == expected
        assert time.monotonic() - started > HELD_SECONDS - 0.5


def test_a_table_that_is_held_for_too_long_is_blocked(
    table: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headstart.postgres.catalog, "READ_SECONDS", LIMIT_SECONDS)
    with exclusively(table):
        started = time.monotonic()
        with pytest.raises(Blocked) as raised:
            read(table.parameters)
        # an attempt that began within the limit may end after it
        assert LIMIT_SECONDS - 0.5 < time.monotonic() - started < 2 * LIMIT_SECONDS
    assert outcome_of(raised.value).code == 12


def states_of(database: Database) -> list[frozenset[str]]:
    """The schema after each statement of the loop."""
    found = []
    for statement in LOOP:
        database.execute(statement)
        found.append(read(database.parameters).lines)
    return found


def test_what_is_read_while_somebody_changes_the_schema_is_a_state_that_it_had(
    database: Database,
) -> None:
    """None of a hundred reads fails, and none is half of one state and half of another."""
    for number in range(10):  # so that a read takes a while
        database.execute(f"CREATE TABLE t_{number} (id serial, n text CHECK (n <> ''))")
        database.execute(f"CREATE VIEW v_{number} AS SELECT n FROM t_{number}")
    database.execute("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'")
    states = states_of(database)
    assert len(set(states)) > len(LOOP) // 2
    statements = cycle(LOOP)
    with closing(psycopg2.connect(database.url)) as changing:
        changing.autocommit = True

        def change() -> None:
            changing.cursor().execute(next(statements))
            time.sleep(PAUSE_SECONDS)

        with in_the_background(change):
            seen = [read(database.parameters).lines for _ in range(READS)]
    halves = [lines for lines in seen if lines not in states]
    assert [sorted(lines ^ nearest(lines, states)) for lines in halves] == []
    assert len(set(seen)) > 3, "nothing was changed meanwhile"


def nearest(lines: frozenset[str], states: list[frozenset[str]]) -> frozenset[str]:
    """The state that differs the least."""
    return min(states, key=lambda state: len(state ^ lines))
