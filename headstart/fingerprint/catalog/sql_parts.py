"""What the SELECTs of several modules have in common. Pure text."""

FIRST_OID = 16384
"""What has a smaller one came with the server (FirstNormalObjectId)."""


def own(alias: str, catalog: str) -> str:
    """Neither the server's nor an extension's."""
    return (
        f"{alias}.oid >= {FIRST_OID} AND {alias}.oid NOT IN (SELECT m.objid FROM member m"
        f" WHERE m.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass)"
    )


def function_name(column: str) -> str:
    """The name of a function, NULL for none: with its arguments, except for the server's own.

    The arguments of these depend on its version; and regproc would add a schema where somebody
    makes another function of that name.
    """
    number = f"{column}::pg_catalog.oid"
    return (
        f"CASE WHEN {number} >= {FIRST_OID} THEN {number}::pg_catalog.regprocedure::text"
        f" ELSE (SELECT f.proname::text FROM pg_catalog.pg_proc f WHERE f.oid = {number}) END"
    )
