"""Read a schema on a connection of one's own, as headstart reads it."""

from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.query import Reading
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect

VERSION_TABLE = "alembic_version"


def read(
    parameters: dict[str, str],
    schema: str | None = None,
    names: frozenset[str] | None = None,
    kinds: frozenset[str] | None = None,
    *,
    beside_others: bool = False,
) -> Snapshot:
    """Read a database, relative to a schema of it: these objects, of these rare kinds, or all."""
    reading = Reading(schema, VERSION_TABLE, names=names, kinds=kinds, beside_others=beside_others)
    with (
        connect(parameters, "headstart's tests") as connection,
        Catalog(connection) as catalog,
    ):
        return catalog.read(reading)


def identifier(name: str) -> str:
    """A name in SQL; not the code under test."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
