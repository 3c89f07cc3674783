"""The keys of the run lock, and how its holder looks in pg_locks and pg_stat_activity. Pure."""

RUN_LOCK_KEY = int.from_bytes(b"headstrt")
"""One constant: advisory locks are per database already.

An ordinary run holds it alone; the runs of a database's targets share it (target.py).
"""
INTENT_KEY = int.from_bytes(b"headsint")
"""Who holds it waits for the runs of targets to end; none of them begins meanwhile."""

BACKEND_DESCRIPTION = (
    "pg_catalog.format('pid %s (%s)%s%s%s', a.pid, a.application_name,"
    " ' of role ' || a.usename::pg_catalog.text,"
    " ' from ' || pg_catalog.host(a.client_addr),"
    " ', for ' || pg_catalog.round(EXTRACT(epoch FROM"
    " pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.numeric) || ' s')"
)
"""SQL for a backend in `pg_stat_activity a`, in words: pid, application_name, role, address, age.

For a connection of ours, whose search_path is pinned.

Of other roles' backends pid, application_name and role are visible; the rest needs
pg_read_all_stats.
"""

BACKEND_SILENCE = (
    "CASE WHEN a.state = 'idle in transaction' THEN pg_catalog.date_part('epoch',"
    " pg_catalog.clock_timestamp() - a.state_change) END"
)
"""SQL for how many seconds a backend in `pg_stat_activity a` has waited for its client; NULL if it
is at work, or if pg_read_all_stats would be needed."""


ALONE = " AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock'"
"""What is added to held_condition() where those who share the lock do not count."""


def held_condition(key: int) -> str:
    """The SQL condition on `pg_locks l` of a held 64-bit advisory lock of the current database.

    Nothing in it is looked up by the search_path, since env.py's own connection asks it, too.
    Source: PostgreSQL documentation, pg_locks: a bigint key shows its high half in classid, its
    low half in objid, and objsubid 1.
    """
    equals = "OPERATOR(pg_catalog.=)"
    high, low = (f"'{half}'::pg_catalog.oid" for half in (key >> 32 & 0xFFFFFFFF, key & 0xFFFFFFFF))
    return (
        f"l.locktype {equals} 'advisory' AND l.granted AND l.objsubid {equals} 1"
        f" AND l.classid {equals} {high} AND l.objid {equals} {low}"
        " AND l.database"
        f" {equals} (SELECT d.oid FROM pg_catalog.pg_database d"
        f" WHERE d.datname {equals} pg_catalog.current_database())"
    )
