"""What an administrator grants, so that a statement that lacked a privilege (42501) passes. Pure.

The server's text is translated, so only the statement tells what is lacking.

    >>> privilege_cure('CREATE SCHEMA app', "migrator", "shop")
    'as an administrator: GRANT CREATE ON DATABASE "shop" TO "migrator"'
"""

import re

from headstart.facts.sql import identifier
from headstart.patterns import pattern

_NAME = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?)'
_LONGEST = 16_384
"""What is read of a statement, in characters: its beginning says what it needs."""
_COMMENTS = pattern(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*+", re.DOTALL)
_EXTENSION = pattern(rf"(?i)CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}")
_IN_DATABASE = pattern(r"(?i)CREATE\s+(SCHEMA|PUBLICATION|(TRUSTED\s+)?LANGUAGE)\b")
_ROLES = pattern(r"(?i)(CREATE|ALTER|DROP)\s+(ROLE|USER|GROUP)\b(?!\s+MAPPING)")
_FILES = pattern(r"(?i)COPY\b.*\b(FROM|TO)\s+(PROGRAM\s+)?'")
_IN_SCHEMA = pattern(
    r"(?i)CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+|RECURSIVE\s+|CONSTRAINT\s+)?"
    r"(?:TABLE|TYPE|SEQUENCE|VIEW|MATERIALIZED\s+VIEW|FUNCTION|PROCEDURE|AGGREGATE|DOMAIN|FOREIGN"
    rf"\s+TABLE|COLLATION|OPERATOR|STATISTICS)\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}"
)
_ROWS = pattern(
    r"(?i)(?:(SELECT)\b.*?\bFROM|(INSERT)\s+INTO|(UPDATE)|(DELETE)\s+FROM|(TRUNCATE)(?:\s+TABLE)?)"
    rf"\s+(?:ONLY\s+)?{_NAME}",
    re.DOTALL,
)
_OWNED = pattern(
    r"(?i)(?:(?:ALTER|DROP|COMMENT\s+ON)\s+(TABLE|TYPE|SEQUENCE|VIEW|MATERIALIZED\s+VIEW|SCHEMA"
    r"|FUNCTION|DOMAIN|INDEX)\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?"
    rf"|CREATE\s+(?:UNIQUE\s+)?(?:INDEX|TRIGGER|POLICY|RULE)\b.*?\bON\s+(?:ONLY\s+)?){_NAME}",
    re.DOTALL,
)


def privilege_cure(statement: str | None, role: str, database: str) -> str:
    """What to do for a role that lacked a privilege for a statement; None is one not known."""
    sql = _COMMENTS.sub("", (statement or "")[:_LONGEST], count=1)
    to = f"TO {identifier(role)}"
    if found := _EXTENSION.match(sql):
        return (
            f"as an administrator, in database {identifier(database)}: CREATE EXTENSION IF NOT"
            f" EXISTS {found[1]}; a revision with IF NOT EXISTS then finds it there"
        )
    if _IN_DATABASE.match(sql):
        return f"as an administrator: GRANT CREATE ON DATABASE {identifier(database)} {to}"
    if _ROLES.match(sql):
        return f"as an administrator: ALTER ROLE {identifier(role)} CREATEROLE, or do it by hand"
    if _FILES.match(sql):
        return (
            f"as an administrator: GRANT pg_read_server_files, pg_write_server_files {to}, or let"
            " the revision COPY FROM STDIN"
        )
    if found := _IN_SCHEMA.match(sql):
        return _in_schema(found[1], sql, to)
    if found := _OWNED.match(sql):
        return _owned((found[1] or "TABLE").upper(), found[2], role)
    if found := _ROWS.match(sql):
        privilege = next(word for word in found.groups()[:5] if word).upper()
        return f"as an administrator: GRANT {privilege} ON {found[6]} {to}"
    return f"as an administrator, grant role {identifier(role)} what the error names"


def _in_schema(name: str, sql: str, to: str) -> str:
    schema = name.rpartition(".")[0] or "public"
    cure = f"as an administrator: GRANT USAGE, CREATE ON SCHEMA {schema} {to}"
    if re.search(r"(?i)\bREFERENCES\b", sql):
        cure += f", and GRANT REFERENCES on the tables that it refers to {to}"
    if re.search(r"(?i)\bAS\s[\s(]*+(SELECT|WITH|TABLE)\b", sql):
        cure += f", and GRANT SELECT on the tables that it reads {to}"
    return cure


def _owned(kind: str, name: str, role: str) -> str:
    return (
        f"as an administrator: ALTER {kind} {name} OWNER TO {identifier(role)}, or grant that role"
        " membership in the role that owns it"
    )
