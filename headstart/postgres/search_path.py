"""Who could make env.py's driver execute something as us: asked before env.py connects.

What psycopg2, psycopg, asyncpg and SQLAlchemy send as they connect goes by the search_path of the
role or the database. Where that has a schema in front of pg_catalog, whoever may create there may
plant an operator, a function or a type that is found first. This module executes nothing of the
database's own, and writes nothing.
"""

import json
from itertools import takewhile

from headstart.facts.sql import identifier
from headstart.facts.trust import planters
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.verdict.errors import AccessRefused

NAMED = 3
"""How many of them a message names."""
_SEARCHED = (
    "SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text,"
    " pg_catalog.current_database()::pg_catalog.text, current_user::pg_catalog.text,"
    " session_user::pg_catalog.text"
)


def refuse_planters(connection: Connection) -> None:
    """Raise AccessRefused if an untrusted role may plant something in front of pg_catalog.

    Raises psycopg2.Error and TimeoutError.
    """
    path, *place = map(str, connection.execute(_SEARCHED, pin=False)[0])
    # a temporary schema is the session's own; nobody else can make one with such a name
    searched = [name for name in json.loads(path) if not name.startswith("pg_temp_")]
    in_front = list(takewhile(lambda name: name != "pg_catalog", searched))
    if not in_front:
        return
    rows = connection.execute(planters(in_front, NAMED + 1), timeout_seconds=READ_SECONDS)
    if rows:
        schema, _, may_create = rows[0]
        roles = [str(role) for name, role, may in rows if (name, may) == (schema, may_create)]
        kept = [name for name in searched if name != "pg_catalog"]
        raise _refusal(str(schema), roles, (*place,), kept, may_create=bool(may_create))


def _refusal(
    schema: str, roles: list[str], place: tuple[str, ...], kept: list[str], *, may_create: bool
) -> AccessRefused:
    database, role, login = place
    who = ", ".join(map(identifier, roles[:NAMED])) + " and others" * (len(roles) > NAMED)
    does = (
        "may create there"
        if may_create
        else "made something there that has the name of one of PostgreSQL's own"
    )
    front, path = identifier(schema), ", ".join(map(identifier, kept))
    return AccessRefused(
        f"the search_path has schema {front} in front of pg_catalog, and {who} {does}: as env.py"
        f" connects, its driver would execute that with the rights of {identifier(role)}",
        next_step="as an administrator:"
        f" ALTER ROLE {identifier(login)} IN DATABASE {identifier(database)} SET search_path ="
        f" {path} (pg_catalog, left out, is searched first); or REVOKE CREATE ON SCHEMA {front}"
        " from whoever is not to be trusted, and drop what they made there",
    )
