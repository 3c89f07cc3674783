"""How large and how busy tables are, as a database tells it. Pure."""

from collections.abc import Mapping
from dataclasses import field

from headstart.facts.state import TableName
from headstart.values import dataclass


@dataclass(frozen=True)
class LiveTable:
    """A table as it is now: estimated rows, bytes without indexes, use since a reset.

    `pages` is False where it holds nothing at all, which is exact. Partitions are added up.
    """

    schema: str
    name: str
    rows: int
    bytes: int
    scans: int
    writes: int
    pages: bool = True


@dataclass(frozen=True)
class LiveTables:
    """The relations that the pending SQL names, and the schemas that are searched, in order.

    `tables` are by schema and name, `indexes` lead from their own to those of their tables.
    `schemas` are all that there are, `user` is the role, which a search_path may name, and
    `functions` are those that are named and Postgres' own.
    """

    path: tuple[str, ...] = ()
    tables: Mapping[TableName, LiveTable] = field(default_factory=dict)
    indexes: Mapping[TableName, TableName] = field(default_factory=dict)
    schemas: frozenset[str] = frozenset()
    user: str = ""
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Names:
    """The bare names of the tables, indexes and functions that SQL is about."""

    tables: frozenset[str]
    indexes: frozenset[str]
    functions: frozenset[str]
