"""While revisions run, the run lock's connection takes no snapshot: they may build indexes.

CREATE INDEX CONCURRENTLY waits for the end of each transaction that has one when it looks, and the
lock's ends with the run: each would wait for the other.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import dropwhile

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from headstart.facts.sql import PINNED
from headstart.postgres import lock as run_lock
from headstart.postgres.identity import Identity
from headstart.postgres.lock import hold_lock
from headstart.postgres.lock_polling import LockWait
from headstart.process.deadline import deadline_after
from headstart.verdict.events.event import NullSink
from tests.conftest import ON_ONE_SERVER
from tests.harness.embedded import PostgresServer
from tests.harness.project import ProjectCopy
from tests.harness.server import Database, empty_database
from tests.integration.stage import Stage

LOGGING = ["log_statement = 'all'", "log_line_prefix = '%a|'"]
MARK = "|LOG:  statement: "
IN_TRANSACTION = """
    op.execute("SELECT pg_sleep(4)")
    """
IN_A_BLOCK = """
    with op.get_context().autocommit_block():
        op.create_index("by_name", "accounts", ["name"], postgresql_concurrently=True)
        op.execute("SELECT pg_sleep(4)")
    """


def sent(server: PostgresServer) -> Iterator[tuple[str, str]]:
    """Who sent which statement, as the server logged it."""
    for line in server.log.read_text().splitlines():
        name, mark, text = line.partition(MARK)
        if mark:
            yield name, text


@pytest.mark.parametrize("work", [IN_TRANSACTION, IN_A_BLOCK], ids=["transaction", "autocommit"])
def test_what_it_sends_needs_none(project: ProjectCopy, work: str) -> None:
    with PostgresServer(18, conf=LOGGING) as server, empty_database(server) as database:
        stage = Stage(project, database)
        project.add("0004", "0003", work)
        with stage.start(HEADSTART_HEARTBEAT_SECONDS="1") as run:
            run.await_event("revision_running")
            assert run.end().exit_code == 0
        ours = dropwhile(lambda each: not each[0].startswith("headstart:work:"), sent(server))
        of_lock = [text for name, text in ours if name.startswith("headstart:lock:")]
    assert of_lock.pop() == "ROLLBACK"
    assert len(of_lock) >= 2  # heartbeats
    assert set(of_lock) == {PINNED}


@ON_ONE_SERVER
def test_an_index_is_built_beside_any_number_of_heartbeats(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "HEARTBEAT_SECONDS", 0.0)
    database.execute("CREATE TABLE t (a int)")
    wait = LockWait(
        lambda: database.parameters,
        Identity("1234abcd", "pod-7"),
        deadline_after(60, time.monotonic()),
        NullSink(),
        report_seconds=10,
        silence_seconds=60,
        lost=lambda _: None,
    )
    with hold_lock(wait), closing(psycopg2.connect(make_dsn(**database.parameters))) as worker:
        worker.autocommit = True
        cursor = worker.cursor()
        cursor.execute("SET statement_timeout = '5s'")
        for _ in range(60):
            cursor.execute("CREATE INDEX CONCURRENTLY i ON t (a)")
            cursor.execute("DROP INDEX i")
