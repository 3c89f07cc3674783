"""The key of the run lock, and how a held advisory lock looks in pg_locks. Pure."""

RUN_LOCK_KEY = int.from_bytes(b"headstrt")
"""One constant: advisory locks are per database already."""


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
