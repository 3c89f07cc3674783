"""Read from its text which indexes SQL builds, and which it drops. Pure.

Examples. An index stands in the schema of its table, so that its own name has none:

    >>> indexes_made("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS Ix ON shop.jobs (at)")
    frozenset({NamedIndex(schema='shop', table='jobs', name='ix')})

Only a DROP that fails without the index counts:

    >>> sorted(indexes_dropped('DROP INDEX a, "B"; DROP INDEX IF EXISTS c'))
    ['B', 'a']
"""

from collections.abc import Iterator

from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.statements.sql_tree import ANY_NAME, Group, statements_of
from headstart.values import dataclass

_LONGEST_BYTES = 63


@dataclass(frozen=True)
class NamedIndex:
    """An index as a script or a fingerprint names it; `schema` is None where none is given."""

    schema: str | None
    table: str
    name: str


def indexes_made(sql: str) -> frozenset[NamedIndex]:
    """The indexes that SQL text builds, by literal names."""
    return frozenset(made for each in statements_of(sql) if (made := _made_by(each)))


def indexes_dropped(sql: str) -> frozenset[str]:
    """The names of the indexes that SQL text drops or alters, and has not made before.

    It fails without them.
    """
    made, dropped = set[str](), set[str]()
    for each in statements_of(sql):
        built = _made_by(each)
        if built is not None:
            made.add(built.name)
        dropped |= {*_dropped_by(each), *_altered_by(each)} - made
    return frozenset(dropped)


def as_kept(name: str) -> str:
    """A name as the server keeps it, which cuts what is too long."""
    return name.encode(errors="replace")[:_LONGEST_BYTES].decode(errors="ignore")


def _made_by(statement: Group) -> NamedIndex | None:
    at = 1 + (statement.word(1) == "unique")
    if statement.word(0) != "create" or statement.word(at) != "index":
        return None
    at += 1 + (statement.word(at + 1) == "concurrently")
    if statement.words[at : at + 3] == ["if", "not", "exists"]:
        at += 3
    if statement.word(at) == "on":  # the server finds a name for it
        return None
    name, at = statement.name(at)
    table, _ = statement.table(at + 1)
    if statement.word(at) != "on" or ANY_NAME in {name, table} or not name or not table:
        return None
    schema, bare = split_name(table)
    return NamedIndex(schema or None, as_kept(bare), as_kept(split_name(name)[1]))


def _altered_by(statement: Group) -> Iterator[str]:
    """ALTER INDEX name, REINDEX INDEX name."""
    at = 2
    if statement.words[:2] == ["reindex", "index"]:
        at += statement.word(2) == "concurrently"
    elif statement.words[:2] != ["alter", "index"] or statement.words[2:4] == ["if", "exists"]:
        return
    name, _ = statement.name(at)
    if name:
        yield name if name == ANY_NAME else as_kept(split_name(name)[1])


def _dropped_by(statement: Group) -> Iterator[str]:
    if statement.words[:2] != ["drop", "index"]:
        return
    at = 2 + (statement.word(2) == "concurrently")
    if statement.words[at : at + 2] == ["if", "exists"]:
        return
    while True:
        name, at = statement.name(at)
        if name:
            yield name if name == ANY_NAME else as_kept(split_name(name)[1])
        if statement.symbol(at) != ",":
            return
        at += 1
