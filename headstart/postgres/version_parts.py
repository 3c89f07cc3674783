"""What a version table may have beside Alembic's one column: triggers, rules, another type.

A row that a trigger swallows leaves its revision applied without a row; a padded one names nothing.
"""

from headstart.facts.literals import literal
from headstart.facts.sql import identifier, relation_named
from headstart.facts.trust import owner_is_trusted
from headstart.postgres.reader import Reader, Rows
from headstart.verdict.errors import UnknownRevision

_ROW, _BEFORE, _WRITES = 1, 2, 4 | 8 | 16
"""Bits of tgtype: PostgreSQL's catalog/pg_trigger.h."""
_VARCHAR = "Alembic makes it varchar(32)"


def width_of(connection: Reader, table: tuple[str, str], role: str | None) -> int | None:
    """How many characters its column takes; None for no limit.

    Raises UnknownRevision where what Alembic writes into it may not be what stands there then. With
    a pinned search_path, and for a table whose owner is trusted.
    """
    place = ".".join(map(identifier, table))
    for kind, name, on, swallows, owner in connection.execute(_parts(table, role)):
        raise _in_the_way(str(kind), str(name), str(on), None if swallows else str(owner))
    width = None
    for name, fits, length in connection.execute(_column(table)):
        if not fits:
            raise _other_type(place, str(name))
        width = None if length is None else int(str(length))
    return width


def refuse_type(connection: Reader, schema: str, name: str) -> None:
    """Raise UnknownRevision if a type of that name prevents a table of that name."""
    rows = connection.execute(
        "SELECT t.oid FROM pg_catalog.pg_type t"
        " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
        f" WHERE n.nspname = {literal(schema)} AND t.typname = {literal(name)}"
        " AND t.typcategory <> 'A'"  # an array's moves out of the way by itself
        " AND t.typrelid = 0"  # no table's own: that table was made since we looked for one
    )
    if rows:
        place = f"{identifier(schema)}.{identifier(name)}"
        raise UnknownRevision(
            f"no version table can be made: {place} is a type",
            next_step=f"ALTER TYPE {place} RENAME TO ..., or give the version table another name"
            " in env.py",
        )


def revisions_in(rows: Rows, place: str) -> tuple[str, ...]:
    """The revisions that the rows name. Raises UnknownRevision for a row that names none."""
    revisions = tuple(sorted("" if row[0] is None else str(row[0]) for row in rows))
    for revision in revisions:
        if not revision.strip():
            raise UnknownRevision(
                f"the version table {place} has a row without a revision",
                next_step=f"delete it: DELETE FROM {place} WHERE version_num IS NULL"
                " OR version_num ~ '^\\s*$'; then run again",
            )
        if revision != revision.strip(" "):
            raise UnknownRevision(
                f"the version table {place} names {revision!r}, with spaces around it",
                next_step=f"look at its type ({_VARCHAR}), and take the spaces away: UPDATE {place}"
                " SET version_num = btrim(version_num)",
            )
    return revisions


def _parts(table: tuple[str, str], role: str | None) -> str:
    """SQL: the rules and triggers of the table that fire when it is written."""
    oid = relation_named(*map(literal, table))
    replica = "pg_catalog.current_setting('session_replication_role') = 'replica'"
    fires = f"{{0}} IN ('A', CASE WHEN {replica} THEN 'R' ELSE 'O' END)"
    swallows = f"t.tgtype & {_ROW | _BEFORE} = {_ROW | _BEFORE}"
    trusted = owner_is_trusted(role, "p.proowner")
    return f"""
SELECT 'TRIGGER', t.tgname, c.oid::pg_catalog.regclass::pg_catalog.text, {swallows},
       pg_catalog.pg_get_userbyid(p.proowner)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
 WHERE c.oid = {oid} AND NOT t.tgisinternal
   AND {fires.format("t.tgenabled")} AND t.tgtype & {_WRITES} <> 0
   AND ({swallows} OR NOT coalesce({trusted}, false))
UNION ALL
SELECT 'RULE', r.rulename, c.oid::pg_catalog.regclass::pg_catalog.text, true, NULL
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
 WHERE c.oid = {oid}
   AND r.ev_type <> '1' AND {fires.format("r.ev_enabled")} ORDER BY 1, 2"""


def _column(table: tuple[str, str]) -> str:
    """SQL: the type of its column, whether a text stays there as it is, and how long it may be."""
    oid = relation_named(*map(literal, table))
    return f"""
WITH RECURSIVE base (attribute, type, modifier) AS (
  SELECT a.attrelid, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a
   WHERE a.attrelid = {oid} AND a.attname = 'version_num'
  UNION ALL SELECT b.attribute, d.typbasetype, d.typtypmod FROM base b
    JOIN pg_catalog.pg_type d ON d.oid = b.type AND d.typtype = 'd')
SELECT pg_catalog.format_type(a.atttypid, a.atttypmod), t.typcategory = 'S'
       AND CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
           <> 'pg_catalog.bpchar'::pg_catalog.regtype,
       (SELECT pg_catalog.min(CASE b.type WHEN 'pg_catalog.name'::pg_catalog.regtype THEN 63
                              ELSE b.modifier - 4 END)
          FROM base b WHERE b.attribute = a.attrelid
           AND (b.type = 'pg_catalog.name'::pg_catalog.regtype
           OR b.type = 'pg_catalog.varchar'::pg_catalog.regtype AND b.modifier >= 4))
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = {oid} AND a.attname = 'version_num'"""


def _in_the_way(kind: str, name: str, on: str, owner: str | None) -> UnknownRevision:
    part = f"{kind} {identifier(name)} ON {on}"
    if owner is None:
        why = "may keep Alembic's row from being written: its revision would be applied without it"
    else:
        why = (
            f"calls a function of role {owner}, which is neither ours, nor the database's owner,"
            " nor a superuser"
        )
    return UnknownRevision(
        f"the version table is not to be written: {part} {why}",
        next_step=f"look at who made it, and what for, then DROP {part}; a trigger that only notes"
        " what was written may be AFTER, with a function of the table's owner",
    )


def _other_type(place: str, name: str) -> UnknownRevision:
    return UnknownRevision(
        f"version_num of the version table {place} is {name}, {_VARCHAR}: a revision would not"
        " stand there as Alembic writes it",
        next_step=f"ALTER TABLE {place} ALTER version_num TYPE varchar(32); then run again",
    )
