"""Who keeps env.py's connections waiting: somebody else, or another connection of the same run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace

from headstart.facts.literals import array, literal
from headstart.facts.visible import one_line
from headstart.patterns import pattern
from headstart.postgres.advisory_lock import BACKEND_DESCRIPTION
from headstart.postgres.reader import Reader
from headstart.process.statement_shape import shape_of
from headstart.values import dataclass
from headstart.verdict.progress import Progress


@dataclass(frozen=True)
class Wait:
    """One backend of env.py's that waits for another backend, or for one that this waits for.

    `blocking` is 0 for a transaction that is prepared, which no backend has; `cure` ends that one.
    `virtual` is the number of the other's transaction in pg_locks: a pooler's process ids are never
    gone. `queued`: the other waits, too; `behind` is whom it keeps waiting, if that is not ours.
    `idle_since` is since when the other has been idle in its transaction; None if it is at work, or
    if that is hidden from our role. `age_seconds` is how old its transaction is, None if hidden.
    `by_itself`: it is a connection of the same run. `wanted` is the lock, with its relation;
    `statement` the shape of what the other executes, or has executed last. `yields`: an autovacuum
    that gives way to whoever has waited for deadlock_timeout. `seconds` is for how long ours has
    waited, where the server tells (14 and newer).
    """

    waiting: int
    blocking: int
    description: str = field(compare=False)  # it tells an age
    idle_since: str | None
    by_itself: bool
    wanted: str | None = None
    cure: str | None = None
    virtual: str | None = None
    queued: bool = False
    behind: int | None = None
    age_seconds: float | None = field(default=None, compare=False)
    statement: str | None = None
    yields: bool = False
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        whose = "another connection of this run, " if self.by_itself else ""
        wanted = f" ({self.wanted})" if self.wanted else ""
        statement = f": {self.statement}" if self.statement else ""
        queued = ", which waits itself" if self.queued else ""
        waiting = self.behind or self.waiting
        return f"pid {waiting} waits for {whose}{self.description}{wanted}{queued}{statement}"

    def fields(self) -> Mapping[str, object]:
        """The same for programs; what is not known is left out."""
        fields = {
            "pid": self.blocking or None,
            "session": self.description,
            "blocks": self.behind or self.waiting,
            "lock": self.wanted,
            "queued": self.queued or None,
            "transaction_seconds": None if self.age_seconds is None else round(self.age_seconds, 1),
            "statement": self.statement,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Sight:
    """What was seen of env.py's backends; nothing where nobody answered.

    `is_blind`: nobody answered. `is_gone`: the server has no process like the one asked for.
    `transactions` are those of the backends that wait, as begun.py identifies them. `progress` is
    how far a long command is.
    """

    waits: tuple[Wait, ...] = ()
    is_blind: bool = False
    is_gone: bool = False
    transactions: frozenset[str] = frozenset()
    progress: Progress | None = None


def look_at(
    connection: Reader, processes: Collection[int], watched: int | None, own_name: str
) -> Sight:
    """The waits of these backends, and whether the one that is watched is gone.

    `own_name` is the application_name of the run's other connections. Raises psycopg2.Error and
    TimeoutError.
    """
    gone = watched is not None and not _has_backend(connection, watched)
    return replace(_read_waits(connection, processes, own_name), is_gone=gone)


def are_over(connection: Reader, transactions: Collection[str]) -> bool:
    """Whether none of these transactions, by their virtual numbers, is there any more.

    Raises psycopg2.Error and TimeoutError.
    """
    names = array(sorted(transactions))
    rows = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l"
        f" WHERE l.virtualtransaction = ANY ({names}))"
    )
    return not rows[0][0]


def end_idle(
    connection: Reader, waits: Collection[Wait], idle_seconds: float
) -> tuple[tuple[int, str], ...]:
    """End whose session has been idle so long in the very transaction that is in the way.

    Gives each process, and what it was, in words. What our role does not see is not idle: NULL is
    no state. Raises psycopg2.Error and TimeoutError.
    """
    seen = [wait for wait in waits if wait.blocking and wait.virtual is not None]
    if not seen:
        return ()
    pairs = ", ".join(f"({wait.blocking}, {literal(str(wait.virtual))})" for wait in seen)
    rows = connection.execute(
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        f" SELECT a.pid, {BACKEND_DESCRIPTION} || {_DOING},"
        " pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a"
        f" JOIN (VALUES {pairs}) AS b (pid, virtual) ON b.pid = a.pid"
        " WHERE a.state = 'idle in transaction' AND a.backend_type = 'client backend'"
        " AND a.state_change < pg_catalog.clock_timestamp()"
        f" - pg_catalog.make_interval(secs => {idle_seconds:f}::pg_catalog.float8)"
        " AND EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid"
        " AND l.virtualtransaction = b.virtual)"
    )
    return tuple((int(str(pid)), str(session)) for pid, session, ended in rows if ended)


def deadlock_timeout(connection: Reader) -> float:
    """After how many seconds a waiter makes an autovacuum give way. Raises as are_over does."""
    rows = connection.execute(
        "SELECT s.setting::pg_catalog.float8 / 1000 FROM pg_catalog.pg_settings s"
        " WHERE s.name = 'deadlock_timeout'"
    )
    return float(str(rows[0][0]))


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


def _read_waits(connection: Reader, processes: Collection[int], own_name: str) -> Sight:
    if not processes:
        return Sight()
    rows = connection.execute(_sql(processes, connection.server_version))
    return Sight(
        tuple(_wait(row, processes, own_name) for row in rows),
        transactions=frozenset(str(row[-2]) for row in rows if row[-2]),
    )


def _wait(row: Sequence[object], processes: Collection[int], own_name: str) -> Wait:
    ours, waiting, blocking = (int(str(value)) for value in row[:3])
    description, idle_since, name, wanted, cure, virtual, queued, age, query, vacuum, _, waited = (
        row[3:]
    )
    statement = _text(query)
    return Wait(
        ours,
        blocking,
        str(description),
        _text(idle_since),
        by_itself=blocking in processes or name == own_name,
        wanted=_text(wanted),
        cure=_text(cure),
        virtual=_text(virtual),
        queued=bool(queued),
        behind=None if waiting == ours else waiting,
        age_seconds=None if age is None else float(str(age)),
        statement=None if statement is None else _shown(statement),
        yields=bool(vacuum) and not str(statement or "").endswith(_WRAPAROUND),
        seconds=0.0 if waited is None else float(str(waited)),
    )


def _shown(statement: str) -> str:
    """The head of a statement without its values; that of SET may be a word without quotes."""
    shape = _SET_VALUE.sub(r"\1 …", shape_of(statement))
    return one_line(shape[:_HEAD].strip())


_SET_VALUE = pattern(r"(?is)^(\s*SET\s+(?:LOCAL\s+|SESSION\s+)?[\w.\"]+)\s*(?:=|\bTO\b).*")


def _text(value: object) -> str | None:
    return None if value is None else str(value)


_WAITED = (
    "CASE WHEN e.waiting = e.ours THEN EXTRACT(epoch FROM pg_catalog.clock_timestamp()"
    " - n.waitstart) END"
)
_TELLS_START = 140000
_HEAD = 100
"""Characters of a statement."""
_WRAPAROUND = "(to prevent wraparound)"
"""As the server itself calls the query of such an autovacuum, never translated."""


def _sql(processes: Collection[int], server_version: int) -> str:
    """The locks of a transaction that is prepared have no pid: one of them is its own number.

    Who waits for whom is followed to the end of the chain; where nobody waits, which is nearly
    always, the locks are not looked at, since that stops others for a moment. A plain role does not
    see what an autovacuum does, but that it is one: it has no role, and its progress is anybody's
    to see.
    """
    pids = ", ".join(map(str, sorted(processes)))
    return (
        # in a transaction, what was seen first of the activity stays as it was
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        " WITH RECURSIVE l AS MATERIALIZED (SELECT * FROM pg_catalog.pg_locks),"
        " e (ours, waiting, blocking) AS (SELECT w.pid, w.pid, b.pid"
        f" FROM pg_catalog.unnest(ARRAY[{pids}]) AS w (pid)"
        # a leader waits for its parallel workers, one of which may wait for a lock
        " JOIN pg_catalog.pg_stat_activity y ON y.pid = w.pid"
        " AND (y.wait_event_type IN ('Lock', 'IPC') OR y.state IS NULL)"
        " CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b (pid)"
        " UNION SELECT e.ours, e.blocking, b.pid FROM e CROSS JOIN LATERAL"
        " pg_catalog.unnest(pg_catalog.pg_blocking_pids(e.blocking)) AS b (pid)"
        " WHERE e.blocking <> 0)"
        " SELECT DISTINCT e.ours, e.waiting, e.blocking,"
        f" CASE WHEN a.pid IS NOT NULL THEN {BACKEND_DESCRIPTION}"
        f" || {_DOING} WHEN p.gid IS NOT NULL THEN {PREPARED_DESCRIPTION}"
        " ELSE 'a prepared transaction' END,"
        " CASE WHEN a.state = 'idle in transaction' THEN a.state_change::pg_catalog.text END,"
        f" a.application_name, {_WANTED}, CASE WHEN p.gid IS NOT NULL THEN {PREPARED_CURE} END,"
        " CASE WHEN e.blocking = 0 THEN h.virtualtransaction ELSE (SELECT v.virtualtransaction"
        " FROM l v WHERE v.pid = e.blocking AND v.granted LIMIT 1) END,"
        " EXISTS (SELECT FROM e f WHERE f.waiting = e.blocking AND f.ours = e.ours),"
        " EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start),"
        " CASE WHEN a.query <> '<insufficient privilege>' THEN a.query END,"
        " a.usesysid IS NULL AND EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum g"
        " WHERE g.pid = a.pid),"
        " (SELECT pg_catalog.concat(o.pid, '-', pg_catalog.to_char(pg_catalog.timezone("
        "'UTC'::pg_catalog.text, o.xact_start), 'YYYYMMDDHH24MISSUS'))"
        " FROM pg_catalog.pg_stat_activity o WHERE o.pid = e.ours),"
        f" {_WAITED if server_version >= _TELLS_START else 'NULL'}"
        " FROM e LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = e.blocking"
        " LEFT JOIN l n ON n.pid = e.waiting AND NOT n.granted"
        " LEFT JOIN pg_catalog.pg_class c ON c.oid = n.relation AND n.database ="
        " (SELECT d.oid FROM pg_catalog.pg_database d"
        " WHERE d.datname = pg_catalog.current_database())"
        " LEFT JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace"
        f" LEFT JOIN l h ON e.blocking = 0 AND h.pid IS NULL AND h.granted AND {_SAME_OBJECT}"
        " LEFT JOIN (l x JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid)"
        " ON x.pid IS NULL AND x.locktype = 'transactionid'"
        " AND x.virtualtransaction = h.virtualtransaction"
        " WHERE a.pid IS NOT NULL OR e.blocking = 0 ORDER BY 1, 2, 3"
    )


def _has_backend(connection: Reader, process: int) -> bool:
    rows = connection.execute(
        "SELECT pg_catalog.pg_stat_clear_snapshot();"
        f" SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = {process})"
    )
    return bool(rows[0][0])
