"""The key of the run lock, and how its holder looks in pg_locks and pg_stat_activity. Pure."""

RUN_LOCK_KEY = int.from_bytes(b"headstrt")
"""One constant: advisory locks are per database already."""

BACKEND_DESCRIPTION = (
    "pg_catalog.format('pid %s (%s)%s%s', a.pid, a.application_name,"
    " ' from ' || pg_catalog.host(a.client_addr),"
    " ', for ' || pg_catalog.round(EXTRACT(epoch FROM"
    " pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.numeric) || ' s')"
)
"""SQL for a backend in `pg_stat_activity a`, in words: pid, application_name, address, age.

Of other roles' backends pid and application_name are visible; the rest needs pg_read_all_stats.
"""

BACKEND_SILENCE = (
    "CASE WHEN a.state = 'idle in transaction' THEN pg_catalog.date_part('epoch',"
    " pg_catalog.clock_timestamp() - a.state_change) END"
)
"""SQL for how many seconds a backend in `pg_stat_activity a` has been told nothing; NULL where it
is at work, and where pg_read_all_stats would be needed."""


def held_condition(key: int) -> str:
    """The SQL condition on `pg_locks l` of a held 64-bit advisory lock of the current database.

    Source: PostgreSQL documentation, pg_locks: a bigint key shows its high half in classid, its
    low half in objid, and objsubid 1.
    """
    return (
        "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        f" AND l.classid = {key >> 32} AND l.objid = {key & 0xFFFFFFFF}"
        " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d"
        " WHERE d.datname = pg_catalog.current_database())"
    )
