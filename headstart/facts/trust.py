"""Whose table may be read, and who may plant what is executed as us: SQL about roles. Pure text.

Reading an ordinary table executes what its owner has put into it, as the one who reads: the planner
evaluates constant calls in an index's expressions, a policy is a condition of the query. And
whoever owns the version table decides what we take the database for.
"""

from collections.abc import Iterable

from headstart.facts.literals import array, literal


def owner_is_trusted(role: str | None = None, owner: str = "c.relowner") -> str:
    """The SQL condition on `pg_class c` and `pg_namespace n`, for a pinned search_path.

    An owner whom we need not fear: a superuser, the database's owner, ourselves, `role` (which
    env.py sets), or one of these by membership; `owner` is the SQL of whose it is. To a role that
    can make no table there itself (an app's own, which only checks), also whoever was given CREATE
    on the schema by name: it can tell a migrator from nobody else, and has nothing that such a one
    would not have already.
    """
    named = f" OR o.rolname = {literal(role)}" if role else ""
    return _trusted(owner, f"{named} OR NOT {_may_create('me')} AND {_may_create('o')}")


def role_is_trusted(role: str) -> str:
    """The SQL condition that a role, by the SQL of its oid, is one whom we need not fear.

    A superuser, the database's owner, ourselves, or one of these by membership. For a pinned
    search_path.
    """
    return _trusted(role, "")


def planters(schemas: Iterable[str], most: int) -> str:
    """SQL: schema, role, whether it may create there now; at most so many, grouped by the others.

    Roles that are not trusted and may create there, or own what has the name of one of pg_catalog's
    own there. Who cannot log in acts through those who can. That CREATE was given by name is no
    reason to trust here: who may create in front of pg_catalog has our rights. For a pinned
    search_path.
    """
    may_create = f"r.rolcanlogin AND ({_may_create('r')} OR {_everybody_may_create()})"
    return f"""
SELECT n.nspname, r.rolname, {may_create}
  FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r, pg_catalog.pg_database d
 WHERE n.nspname::text = ANY ({array(schemas)}) AND d.datname = pg_catalog.current_database()
   AND ({may_create} OR (n.oid, r.oid) IN ({_OWNERS_OF_NAMESAKES}))
   AND {_trusted("r.oid", " OR o.rolname = 'pg_database_owner'")} IS NOT TRUE
 ORDER BY 3 DESC, 1, 2 LIMIT {most}"""


def _trusted(owner: str, more: str) -> str:
    return f"""(
SELECT o.rolsuper OR o.oid = me.oid
    OR pg_catalog.pg_has_role(o.oid, d.datdba, 'MEMBER')
    OR NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, o.oid, 'MEMBER'){more}
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


def _everybody_may_create() -> str:
    return """EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) a
                WHERE a.privilege_type = 'CREATE' AND a.grantee = 0)"""


_OWNERS_OF_NAMESAKES = " UNION ALL ".join(
    f"SELECT x.{short}namespace, x.{short}owner FROM pg_catalog.pg_{kind} x"
    f" JOIN pg_catalog.pg_{kind} y ON y.{short}name = x.{short}name"
    f" AND y.{short}namespace = 'pg_catalog'::pg_catalog.regnamespace"
    for kind, short in (("proc", "pro"), ("operator", "opr"), ("type", "typ"), ("class", "rel"))
)
"""Of functions, operators, types and relations; what was planted outlasts the right to plant."""


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
