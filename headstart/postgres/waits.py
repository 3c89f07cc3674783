"""Who keeps env.py's connections waiting: somebody else, or another connection of the same run."""

from collections.abc import Collection
from dataclasses import field

from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.reader import Reader
from headstart.values import dataclass
from headstart.verdict.progress import Progress


@dataclass(frozen=True)
class Wait:
    """One backend of env.py's that waits for another backend.

    `blocking` is 0 for a transaction that is prepared, which no backend has; `cure` ends that one.
    `idle_since` is since when the other has been idle in its transaction; None if it is at work, or
    if that is hidden from our role. `by_itself`: it is a connection of the same run. `wanted` is
    the lock, with its relation.
    """

    waiting: int
    blocking: int
    description: str = field(compare=False)  # it tells an age
    idle_since: str | None
    by_itself: bool
    wanted: str | None = None
    cure: str | None = None

    def __str__(self) -> str:
        whose = "another connection of this run, " if self.by_itself else ""
        wanted = f" ({self.wanted})" if self.wanted else ""
        return f"pid {self.waiting} waits for {whose}{self.description}{wanted}"


@dataclass(frozen=True)
class Sight:
    """What was seen of env.py's backends; nothing where nobody answered.

    `is_gone`: the server has the process no more of which that was asked. `progress` is how far a
    long command is.
    """

    waits: tuple[Wait, ...] = ()
    is_gone: bool = False
    progress: Progress | None = None


def look_at(
    connection: Reader, processes: Collection[int], watched: int | None, own_name: str
) -> Sight:
    """The waits of these backends, and whether the one that is watched is gone.

    `own_name` is the application_name of the run's other connections. Raises psycopg2.Error and
    TimeoutError.
    """
    gone = watched is not None and not _has_backend(connection, watched)
    return Sight(_read_waits(connection, processes, own_name), gone)


PREPARED_DESCRIPTION = (
    "pg_catalog.format('prepared transaction %L of role %s in database %s%s', p.gid, p.owner,"
    " p.database, ', for ' || pg_catalog.round(EXTRACT(epoch FROM"
    " pg_catalog.clock_timestamp() - p.prepared)::pg_catalog.numeric) || ' s')"
)
PREPARED_CURE = (
    "pg_catalog.format('in database %s: COMMIT PREPARED %L or ROLLBACK PREPARED %L; then run"
    " again', p.database, p.gid, p.gid)"
)
"""SQL for a row of `pg_prepared_xacts p`, in words, and for what ends it."""

_DOING = (
    "CASE WHEN a.state = 'idle in transaction' THEN pg_catalog.format(', idle in its transaction"
    " for %s s', pg_catalog.round(EXTRACT(epoch FROM pg_catalog.clock_timestamp()"
    " - a.state_change)::pg_catalog.numeric)) ELSE pg_catalog.concat(', ' || a.state) END"
)
_WANTED = (
    "CASE WHEN c.relname IS NOT NULL"
    " THEN pg_catalog.format('%s on %I.%I', n.mode, s.nspname, c.relname)"
    " WHEN n.locktype IN ('transactionid', 'virtualxid', 'spectoken')"
    " THEN 'for the end of its transaction' ELSE n.locktype || ' lock' END"
)
_SAME_OBJECT = " AND ".join(
    f"h.{column} IS NOT DISTINCT FROM n.{column}"
    for column in (
        *("locktype", "database", "relation", "page", "tuple", "virtualxid", "transactionid"),
        *("classid", "objid", "objsubid"),
    )
)


def _read_waits(connection: Reader, processes: Collection[int], own_name: str) -> tuple[Wait, ...]:
    if not processes:
        return ()
    rows = connection.execute(_sql(processes))
    return tuple(
        Wait(
            int(str(waiting)),
            int(str(blocking)),
            str(description),
            None if idle_since is None else str(idle_since),
            by_itself=int(str(blocking)) in processes or name == own_name,
            wanted=None if wanted is None else str(wanted),
            cure=None if cure is None else str(cure),
        )
        for waiting, blocking, description, idle_since, name, wanted, cure in rows
    )


def _sql(processes: Collection[int]) -> str:
    """The locks of a transaction that is prepared have no pid: one of them is its own number."""
    pids = ", ".join(map(str, sorted(processes)))
    return (
        # in a transaction, what was seen first of the activity stays as it was
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        " WITH l AS (SELECT * FROM pg_catalog.pg_locks)"
        f" SELECT DISTINCT w.pid, b.pid, CASE WHEN a.pid IS NOT NULL THEN {BACKEND_DESCRIPTION}"
        f" || {_DOING} WHEN p.gid IS NOT NULL THEN {PREPARED_DESCRIPTION}"
        " ELSE 'a prepared transaction' END,"
        " CASE WHEN a.state = 'idle in transaction' THEN a.state_change::pg_catalog.text END,"
        f" a.application_name, {_WANTED}, CASE WHEN p.gid IS NOT NULL THEN {PREPARED_CURE} END"
        f" FROM pg_catalog.unnest(ARRAY[{pids}]) AS w (pid)"
        " CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b (pid)"
        " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid"
        " LEFT JOIN l n ON n.pid = w.pid AND NOT n.granted"
        " LEFT JOIN pg_catalog.pg_class c ON c.oid = n.relation AND n.database ="
        " (SELECT d.oid FROM pg_catalog.pg_database d"
        " WHERE d.datname = pg_catalog.current_database())"
        " LEFT JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace"
        f" LEFT JOIN l h ON b.pid = 0 AND h.pid IS NULL AND h.granted AND {_SAME_OBJECT}"
        " LEFT JOIN (l x JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid)"
        " ON x.pid IS NULL AND x.locktype = 'transactionid'"
        " AND x.virtualtransaction = h.virtualtransaction"
        " WHERE a.pid IS NOT NULL OR b.pid = 0 ORDER BY 1, 2"
    )


def _has_backend(connection: Reader, process: int) -> bool:
    rows = connection.execute(
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        f" SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = {process})"
    )
    return bool(rows[0][0])
