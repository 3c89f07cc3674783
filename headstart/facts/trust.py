"""Whose table may be read: SQL about its owner. Pure text.

Reading an ordinary table executes what its owner has put into it, as the one who reads: the planner
evaluates constant calls in an index's expressions, a policy is a condition of the query. And
whoever owns the version table decides what we take the database for.
"""

from headstart.facts.sql import literal


def owner_is_trusted(role: str | None = None, owner: str = "c.relowner") -> str:
    """The SQL condition on `pg_class c` and `pg_namespace n`, for a pinned search_path.

    An owner whom we need not fear: a superuser, the database's owner, ourselves, `role` (which
    env.py sets), or one of these by membership; `owner` is the SQL of whose it is. To a role that
    can make no table there itself (an app's own, which only checks), also whoever was given CREATE
    on the schema by name: it can tell a migrator from nobody else, and has nothing that such a one
    would not have already.
    """
    named = f" OR o.rolname = {literal(role)}" if role else ""
    return f"""(
SELECT o.rolsuper OR o.oid = me.oid{named}
    OR pg_catalog.pg_has_role(o.oid, d.datdba, 'MEMBER')
    OR NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, o.oid, 'MEMBER')
    OR NOT {_may_create("me")} AND {_may_create("o")}
  FROM pg_catalog.pg_roles o, pg_catalog.pg_roles me, pg_catalog.pg_database d
 WHERE o.oid = {owner} AND me.rolname = current_user
   AND d.datname = pg_catalog.current_database())"""


def _may_create(who: str) -> str:
    """Whether a role may create in the schema, and not only because everybody may."""
    return f"""(
       pg_catalog.pg_has_role({who}.oid, d.datdba, 'MEMBER')
    OR pg_catalog.pg_has_role({who}.oid, n.nspowner, 'MEMBER')
    OR EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) a
                WHERE a.privilege_type = 'CREATE' AND a.grantee <> 0
                  AND pg_catalog.pg_has_role({who}.oid, a.grantee, 'MEMBER')))"""


def is_readable(schema: str, name: str) -> str:
    """SQL: whether it is a table with an owner whom we trust, and its children are tables, too."""
    return f"""
WITH RECURSIVE tree AS (
  SELECT c.oid, c.relkind FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = {literal(schema)} AND c.relname = {literal(name)} AND {owner_is_trusted()}
  UNION
  SELECT c.oid, c.relkind FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid)
SELECT pg_catalog.count(*) > 0 AND pg_catalog.bool_and(tree.relkind IN ('r', 'p')) FROM tree"""
