"""Read the version rows: from an ordinary table of somebody whom we trust, and from nothing else.

A view in its place would be executed by reading it, with our rights; so would parts of a table that
somebody else made there before us.
"""

import psycopg2

from headstart.facts.applied_record import MOST_CHARACTERS
from headstart.facts.literals import array, literal
from headstart.facts.sql import identifier, relation_named
from headstart.facts.state import Scope, VersionColumn
from headstart.facts.trust import owner_is_trusted
from headstart.postgres.connection import READ_SECONDS
from headstart.postgres.reader import Reader
from headstart.postgres.version_parts import refuse_type, revisions_in, width_of
from headstart.values import dataclass
from headstart.verdict.errors import AccessRefused, UnknownRevision

_TABLE = "r"
_HIDDEN = "42501"
_KINDS = {
    "p": "a partitioned table",
    "v": "a view", "m": "a materialized view", "f": "a foreign table", "S": "a sequence",
    "i": "an index", "I": "an index", "c": "a composite type",
}  # fmt: skip
_TAKEN_FOR_ONE = "pvmf"
"""What Alembic takes for its version table, too, when it looks for one."""

RECORD_COMMENT = (
    f"CASE WHEN pg_catalog.length(d.description) <= {MOST_CHARACTERS}"
    """ AND d.description ~ '^[{]"headstart"[ -~]*[}]$' THEN d.description ELSE '' END"""
)
"""What may be our record, as it is. Anything else is none of our business: it may be of any length,
and in a database without an encoding of any bytes."""


@dataclass(frozen=True)
class _Found:
    """What has the version table's name: the first in the search_path."""

    schema: str
    name: str
    kind: str
    owner: str
    trusted: bool
    row_security: bool
    has_children: bool
    comment: str | None

    @property
    def place(self) -> str:
        return f"{identifier(self.schema)}.{identifier(self.name)}"

    def is_elsewhere(self, first: str | None) -> bool:
        """Whether Alembic does not see it, and makes its table in another schema."""
        return self.kind not in _TABLE + _TAKEN_FOR_ONE and self.schema != first


def read_version_table(connection: Reader, scope: Scope) -> tuple[tuple[str, ...], VersionColumn]:
    """The rows of the version table that Alembic would find, none if it does not exist; and it.

    In a transaction with a pinned search_path; `scope` says which schema is the first. Raises
    UnknownRevision for what is no table or not to be trusted, AccessRefused for rows that are
    hidden, and psycopg2.Error.
    """
    table = _find(connection, scope)
    if table is None or table.is_elsewhere(_first_schema(scope)):
        refuse_type(connection, str(_first_schema(scope)), scope.version_table)
        first = ".".join(map(identifier, filter(None, (scope.version_schema, scope.version_table))))
        return (), VersionColumn(first, scope.version_width)  # Alembic sees none, and makes its own
    if table.kind != _TABLE:
        raise _no_table(table)
    if not table.trusted:
        raise _not_trusted(table)
    if table.has_children:
        raise _has_children(table)
    width = width_of(connection, (table.schema, table.name), scope.role)
    rows = connection.execute(
        f"SELECT version_num FROM {table.place}", timeout_seconds=READ_SECONDS
    )
    if not rows and table.row_security:
        _refuse_hidden(connection, table)
    column = VersionColumn(table.place, width, exists=True, comment=table.comment)
    return revisions_in(rows, table.place), column


def _first_schema(scope: Scope) -> str | None:
    return scope.version_schema or scope.schema


def _find(connection: Reader, scope: Scope) -> _Found | None:
    schemas = [scope.version_schema] if scope.version_schema else scope.search_path
    table = f"{literal(scope.version_table)}::pg_catalog.name"
    oids = (relation_named(f"{literal(each)}::pg_catalog.name", table) for each in schemas)
    rows = connection.execute(
        "SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner),"
        f" {owner_is_trusted(scope.role)}, c.relrowsecurity,"
        " EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),"
        f" (SELECT {RECORD_COMMENT} FROM pg_catalog.pg_description d WHERE d.objoid = c.oid"
        " AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.oid = ANY (ARRAY[{', '.join(oids)}]::pg_catalog.oid[])"
        f" AND c.relname::pg_catalog.text = {literal(scope.version_table)}"
        f" AND n.nspname::pg_catalog.text = ANY ({array(schemas)})"
        f" ORDER BY pg_catalog.array_position({array(schemas)}, n.nspname::pg_catalog.text) LIMIT 1"
    )
    if not rows:
        return None
    schema, name, kind, owner, trusted, hides, inherited, comment = rows[0]
    texts = (str(schema), str(name), str(kind), str(owner))
    said = None if comment is None else str(comment)
    return _Found(*texts, trusted is True, bool(hides), bool(inherited), said)


def _no_table(table: _Found) -> UnknownRevision:
    return UnknownRevision(
        f"the version table is none of Alembic's: {table.place} is"
        f" {_KINDS.get(table.kind, 'no table')}, of role {table.owner}",
        next_step="look at what has its name; move that away, or give the version table another"
        " name in env.py",
    )


def _not_trusted(table: _Found) -> UnknownRevision:
    return UnknownRevision(
        f"the version table {table.place} is not to be trusted: it belongs to role {table.owner},"
        " which is neither ours, nor the database's owner, nor a superuser",
        next_step=f"if {table.owner} runs the migrations, run headstart as that role or as a member"
        f" of it, or as an administrator: ALTER TABLE {table.place} OWNER TO ... (the database's"
        " owner, say); if not, look at who made it, and move it away",
    )


def _has_children(table: _Found) -> UnknownRevision:
    """Its rows would be read with theirs, and what their owners put into them executed."""
    return UnknownRevision(
        f"the version table is none of Alembic's: other tables inherit from {table.place}",
        next_step=f"look at who made them, and take them away: ALTER TABLE ... NO INHERIT"
        f" {table.place}",
    )


def _refuse_hidden(connection: Reader, table: _Found) -> None:
    """Raise AccessRefused where row level security may hide rows from this role."""
    try:
        connection.execute("SET LOCAL row_security = off")
        connection.execute(f"SELECT FROM {table.place}")
    except psycopg2.Error as error:
        if error.pgcode != _HIDDEN:
            raise
        raise AccessRefused(
            f"row level security hides the rows of the version table {table.place} from this role",
            sqlstate=_HIDDEN,
            next_step=f"as an administrator: ALTER TABLE {table.place} DISABLE ROW LEVEL SECURITY,"
            " or run headstart as the table's owner",
        ) from None
