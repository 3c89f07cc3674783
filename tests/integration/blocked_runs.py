"""Runs that others keep from their locks, for the tests of attempts."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Self

import psycopg2
import pytest

from tests.harness.result import Result
from tests.harness.server import Database
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE

DRIVERS = pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
ADD = "op.execute('ALTER TABLE accounts ADD note text')\n"
INSERT = "op.execute(\"INSERT INTO accounts (id, name) VALUES (77, 'once')\")\n"
ONCE = "SELECT count(*) FROM accounts WHERE id = 77"
HAS_NOTE = (
    "SELECT count(*) FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attname = 'note'"
)
BLOCKED = "revision_blocked"


@contextmanager
def held(
    database: Database, seconds: float, sql: str = "SELECT 1 FROM accounts", name: str = "a holder"
) -> Iterator[int]:
    """Hold the locks of a statement for so long; gives the process."""
    with closing(psycopg2.connect(database.url, application_name=name)) as holder:
        holder.cursor().execute(sql)
        ending = threading.Timer(seconds, holder.rollback)
        ending.start()
        try:
            yield holder.info.backend_pid
        finally:
            ending.cancel()
            ending.join()


class Readers:
    """Sessions that read a table again and again; `longest` is what one waited, in seconds."""

    def __init__(self, database: Database) -> None:
        self._database, self._over = database, threading.Event()
        self.longest, self._threads = 0.0, [threading.Thread(target=self._read) for _ in range(3)]

    def _read(self) -> None:
        with closing(psycopg2.connect(self._database.url)) as reader:
            reader.autocommit = True
            while not self._over.wait(0.02):
                began = time.monotonic()
                reader.cursor().execute("SELECT count(*) FROM accounts")
                self.longest = max(self.longest, time.monotonic() - began)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def run_past(
    stage: Stage, sql: str = "SELECT 1 FROM accounts", more_seconds: float = 0, **environ: str
) -> Result:
    """Run it while a holder has the locks of a statement, until an attempt has been blocked."""
    with closing(psycopg2.connect(stage.database.url, application_name="a holder")) as holder:
        holder.cursor().execute(sql)
        with stage.start(**environ) as run:
            run.await_event(BLOCKED, 40)
            time.sleep(more_seconds)
            holder.rollback()
            return run.end()


def blocked(ended: Result) -> list[dict[str, object]]:
    """The events of attempts that were blocked."""
    return [dict(event) for event in ended.events if event["event"] == BLOCKED]


def give(stage: Stage, role: str) -> None:
    """Let a role go on with what another has begun."""
    stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    for table in ("accounts", "alembic_version"):
        stage.database.execute(f"ALTER TABLE {table} OWNER TO {role}")


def use(stage: Stage, driver: str) -> str:
    """Let env.py use a driver; gives the URL."""
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    return stage.database.driver_url(driver)
