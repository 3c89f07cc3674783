"""Wait for what a run that died left at work, and end it: before anybody looks at the schema.

After SIGKILL the run lock is free at once, but the statement of the dead run may go on. Its
application_name identifies its connection. Only the holder of the run lock may ask: while it holds
the lock, no other run has a worker. Where it shares the lock with the runs of other targets, theirs
are no orphans of its: it asks for those of its own target, and of ordinary runs.

An example: a run is killed while its worker, process 51, executes a CREATE INDEX of ten minutes.

    0.0 s  the next run holds the lock; process 51 has locks: the event orphans_found names it
    ~1 s   the server itself notices that the client of 51 is gone, and ends it: done
    2.0 s  or, before version 14, it does not: pg_terminate_backend(51), again every 0.1 s
    later  it is still there, and may not be terminated: LockUnavailable at the wait's deadline

Anybody may give a session such an application_name. One of a role that is not trusted
(facts/trust.py) gets its two seconds, in which the server ends a real orphan, and no more.

Without this, a reading of the schema would come before the dead run's last change.
"""

import time
from contextlib import suppress

import psycopg2

from headstart.facts.literals import literal
from headstart.facts.trust import role_is_trusted
from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.connection import Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.target import Target
from headstart.process.deadline import Deadline
from headstart.values import dataclass
from headstart.verdict.errors import LockUnavailable
from headstart.verdict.events.database import OrphansFound
from headstart.verdict.events.event import Emit

PATIENCE_SECONDS = 2.0
"""client_connection_check_interval ends an orphan in about one; after this it is terminated."""


def await_orphans(
    connection: Connection, target: Target | None, deadline: Deadline, emit: Emit
) -> None:
    """Return when no worker of an earlier run is at work in this database.

    `connection` is the one that holds the run lock: for a target, or alone. Raises LockUnavailable
    at the deadline, and psycopg2.Error or TimeoutError when the connection is lost.
    """
    patience = Deadline(time.monotonic() + PATIENCE_SECONDS)
    reported = False
    while orphans := _orphans(connection, target):
        if not reported:
            emit(OrphansFound(tuple(each.description for each in orphans)))
            reported = True
        now = time.monotonic()
        ours = [each for each in orphans if each.trusted]
        if not ours and patience.passed(now):
            return
        # an orphan that needs two seconds to end gets them, even if the deadline is nearer
        if deadline.passed(now) and patience.passed(now):
            raise LockUnavailable(f"an earlier run is still at work: {ours[0].description}")
        if patience.passed(now):
            _terminate(connection, [each.pid for each in ours])
        time.sleep(0.1)


@dataclass(frozen=True)
class _Orphan:
    pid: int
    description: str
    trusted: bool


def _orphans(connection: Connection, target: Target | None) -> list[_Orphan]:
    # Whoever is in a transaction holds locks, and pg_locks shows these of every role, where
    # pg_stat_activity hides the state of others. An idle pooled connection, which keeps the
    # application_name of its last client, holds none.
    rows = connection.execute(
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        f"SELECT a.pid, {BACKEND_DESCRIPTION}, {role_is_trusted('a.usesysid')}"
        " FROM pg_catalog.pg_stat_activity a"
        " WHERE a.datname = pg_catalog.current_database()"
        f" AND {_is_orphan(target)} AND a.pid <> pg_catalog.pg_backend_pid()"
        " AND EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid)",
    )
    return [_Orphan(int(str(pid)), str(told), trusted is True) for pid, told, trusted in rows]


def _is_orphan(target: Target | None) -> str:
    """The condition on `pg_stat_activity a`, for a pinned search_path.

    An ordinary run holds the lock alone: whatever is at work is left over.
    """
    worker, name = Purpose.WORK, "a.application_name"
    ours = f"{name} LIKE {literal(worker.prefix + '%')}"
    if target is None:
        return ours
    own = f"{name} LIKE {literal(worker.prefix_of(target) + '%')}"
    return f"{ours} AND ({own} OR {name} !~ {literal(worker.pattern_of_targets)})"


def _terminate(connection: Connection, pids: list[int]) -> None:
    # an error would end the transaction, and with it the lock: the savepoint keeps both
    calls = ", ".join(f"pg_catalog.pg_terminate_backend({pid})" for pid in pids)
    connection.execute("SAVEPOINT before_termination")
    with suppress(psycopg2.Error):
        connection.execute(f"SELECT {calls}")
    connection.execute("ROLLBACK TO SAVEPOINT before_termination")
