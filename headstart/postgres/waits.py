"""Who keeps env.py's connections waiting: somebody else, or another connection of the same run."""

from collections.abc import Collection
from dataclasses import field

from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.reader import Reader
from headstart.values import dataclass


@dataclass(frozen=True)
class Wait:
    """One backend of env.py's that waits for another backend.

    `idle_since` is since when that one has been idle in its transaction; None if it is at work, or
    if that is hidden from our role. `by_itself`: it is a connection of the same run.
    """

    waiting: int
    blocking: int
    description: str = field(compare=False)  # it tells an age
    idle_since: str | None
    by_itself: bool

    def __str__(self) -> str:
        whose = "another connection of this run, " if self.by_itself else ""
        idle = ", idle in its transaction" if self.idle_since else ""
        return f"pid {self.waiting} waits for {whose}{self.description}{idle}"


@dataclass(frozen=True)
class Sight:
    """What was seen of env.py's backends; nothing where nobody answered.

    `is_gone`: the server has the process no more of which that was asked.
    """

    waits: tuple[Wait, ...] = ()
    is_gone: bool = False


def look_at(connection: Reader, processes: Collection[int], watched: int | None) -> Sight:
    """The waits of these backends, and whether the one that is watched is gone.

    Raises psycopg2.Error and TimeoutError.
    """
    gone = watched is not None and not _has_backend(connection, watched)
    return Sight(_read_waits(connection, processes), gone)


def _read_waits(connection: Reader, processes: Collection[int]) -> tuple[Wait, ...]:
    if not processes:
        return ()
    pids = ", ".join(map(str, sorted(processes)))
    rows = connection.execute(
        # in a transaction, what was seen first of the activity stays as it was
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        f" SELECT w.pid, a.pid, {BACKEND_DESCRIPTION},"
        " CASE WHEN a.state = 'idle in transaction' THEN a.state_change::pg_catalog.text END"
        f" FROM pg_catalog.unnest(ARRAY[{pids}]) AS w (pid)"
        " CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b (pid)"
        " JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid ORDER BY 1, 2"
    )
    return tuple(
        Wait(
            int(str(waiting)),
            int(str(blocking)),
            str(description),
            None if idle_since is None else str(idle_since),
            by_itself=int(str(blocking)) in processes,
        )
        for waiting, blocking, description, idle_since in rows
    )


def _has_backend(connection: Reader, process: int) -> bool:
    rows = connection.execute(
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        f" SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = {process})"
    )
    return bool(rows[0][0])
