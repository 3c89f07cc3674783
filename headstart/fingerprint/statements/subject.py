"""What a statement of SQL is about. Pure; knows no grammar.

That is the table that it locks or changes. A foreign key's other table is not it, nor what a query
reads: a lint names one table, the one whose rows make the work.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

from headstart.facts.state import TableName
from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.statements.scan import Scan
from headstart.fingerprint.statements.sql_tree import ANY_NAME, Group
from headstart.values import dataclass, replace


@dataclass(frozen=True)
class Subject:
    """The tables that a statement is about, and the indexes, whose tables only a server knows.

    `makes` is a table that it creates, `unless_there` where it may be there already, `temporary`
    where it is the session's own, `until_commit` the transaction's. `moves_to` is the new name of
    the first table. `builds` is the index that it creates on the first table. `drops`: the tables
    are gone afterwards. `opaque`: it executes what its text does not show. `fills` are the tables
    that it puts rows into. `attaches` and `detaches` are a partition of the first table.
    `renames_schema` has a schema's old and new name. `calls` are functions.
    """

    tables: tuple[TableName, ...] = ()
    indexes: tuple[TableName, ...] = ()
    makes: TableName | None = None
    unless_there: bool = False
    temporary: bool = False
    until_commit: bool = False
    moves_to: TableName | None = None
    builds: TableName | None = None
    drops: bool = False
    opaque: bool = False
    fills: tuple[TableName, ...] = ()
    attaches: TableName | None = None
    detaches: TableName | None = None
    renames_schema: tuple[str, str] | None = None
    calls: frozenset[TableName] = frozenset()


def subject_of(statement: Group) -> Subject:
    """What a statement is about; nothing where that is no table."""
    judge = _VERBS.get(statement.word(0), _query)
    return judge(statement)


_QUERIES = frozenset({"delete", "insert", "merge", "select", "table", "update", "values", "with"})


def _query(statement: Group) -> Subject:
    """A query may make a table, by SELECT INTO; it does what the functions do that it calls."""
    if statement.word(0) not in _QUERIES and not isinstance(statement.node(0), Group):
        return Subject()
    scan = Scan.of(statement)
    made = _parsed(scan.made)
    return Subject(
        () if made is None else (made,),
        makes=made,
        temporary=scan.made_temporary,
        fills=tuple(filter(None, map(_parsed, sorted(scan.written)))),
        calls=frozenset(filter(None, map(_parsed, scan.called))),
    )


def _writing(word: str) -> Callable[[Group], Subject]:
    """Judge a query by the table behind the first such word."""
    return lambda statement: replace(_query(statement), tables=_behind(statement, word))


def _deleted(statement: Group) -> Subject:
    return replace(_writing("from")(statement), fills=())


_OPTIONS = frozenset({"if", "not", "exists", "concurrently", "only", "table"})


def _after(statement: Group, at: int) -> int:
    """Where the name begins behind IF [NOT] EXISTS and the like."""
    while statement.word(at) in _OPTIONS or isinstance(statement.node(at), Group):
        at += 1
    return at


def _names(statement: Group, at: int) -> tuple[TableName, ...]:
    """The names of a list: a, ONLY b, c *."""
    found: list[TableName] = []
    at = _after(statement, at)
    while True:
        name, at = statement.table(at)
        if parsed := _parsed(name):
            found.append(parsed)
        if statement.symbol(at) != ",":
            return tuple(found)
        at += 1


def _first(statement: Group, at: int) -> tuple[TableName, ...]:
    return _names(statement, at)[:1]


def _parsed(name: str) -> TableName | None:
    if not name or name == ANY_NAME:
        return None
    schema, table = split_name(name)
    return schema or None, table


def _behind(statement: Group, word: str) -> tuple[TableName, ...]:
    """The table behind the first such word."""
    words = statement.words
    return _first(statement, words.index(word) + 1) if word in words else ()


_MODIFIERS = frozenset(
    {
        "or", "replace", "recursive", "unique", "constraint", "global", "local", "temp",
        "temporary", "unlogged", "foreign", "materialized",
    }
)  # fmt: skip


def _create(statement: Group) -> Subject:
    at = 1
    while statement.word(at) in _MODIFIERS:
        at += 1
    match statement.word(at):
        case "index":
            return _index(statement, at + 1)
        case "table":
            return _made(statement, at + 1)
        case "view" if "materialized" in statement.words[:at]:
            return _made(statement, at + 1)
        case "trigger" | "policy" | "rule":
            word = "to" if statement.word(at) == "rule" else "on"
            return Subject(_behind(statement, word))
        case _:
            return Subject()


def _index(statement: Group, at: int) -> Subject:
    tables = _behind(statement, "on")
    at = _after(statement, at)
    name = None if statement.word(at) == "on" else _parsed(statement.name(at)[0])
    # an index stands in its table's schema
    built = (tables[0][0], name[1]) if name is not None and tables else None
    return Subject(tables, builds=built)


def _made(statement: Group, at: int) -> Subject:
    made, words = _first(statement, at), statement.words
    name = made[0] if made else None
    is_query = "as" in words[at:]
    return Subject(
        made,
        makes=name,
        unless_there=statement.word(at) == "if",
        temporary=not {"temp", "temporary"}.isdisjoint(words[:at]),
        until_commit=("commit", "drop") in pairwise(words),
        calls=_query(statement.rest(words.index("as") + 1)).calls if is_query else frozenset(),
    )


def _alter(statement: Group) -> Subject:
    words, at = statement.words, 2
    if words[1:2] == ["index"]:
        return Subject(indexes=_first(statement, at))
    if words[1:2] == ["schema"]:
        return _schema_renamed(statement)
    if words[1:3] in (["materialized", "view"], ["foreign", "table"]):
        at = 3
    elif words[1:2] != ["table"]:
        return Subject(_behind(statement, "on") if words[1:2] in (["policy"], ["trigger"]) else ())
    tables = _first(statement, at)
    if not tables:
        return Subject()
    end = statement.table(_after(statement, at))[1]
    other = _parsed(statement.name(end + 2)[0])
    match statement.words[end : end + 2]:
        case ["attach", "partition"]:
            return Subject(tables, attaches=other)
        case ["detach", "partition"]:
            return Subject(tables, detaches=other)
        case ["rename", "to"] if other is not None:  # which keeps its schema
            return Subject(tables, moves_to=(tables[0][0], other[1]))
        case ["set", "schema"] if other is not None:
            return Subject(tables, moves_to=(other[1], tables[0][1]))
        case _:
            return Subject(tables)


def _schema_renamed(statement: Group) -> Subject:
    old, end = statement.name(2)
    names = _parsed(old), _parsed(statement.name(end + 2)[0])
    if statement.words[end : end + 2] != ["rename", "to"] or None in names:
        return Subject()
    before, after = (name[1] for name in names if name is not None)
    return Subject(renames_schema=(before, after))


def _drop(statement: Group) -> Subject:
    words, at = statement.words, 2
    match words[1:2]:
        case ["index"]:
            return Subject(indexes=_names(statement, at))
        case ["table"]:
            return Subject(_names(statement, at), drops=True)
        case ["materialized" | "foreign"]:
            return Subject(_names(statement, 3))
        case ["trigger" | "policy" | "rule"]:
            return Subject(_behind(statement, "on"))
        case _:
            return Subject()


def _reindex(statement: Group) -> Subject:
    at = 1 + isinstance(statement.node(1), Group)
    names = _first(statement, at + 1)
    match statement.word(at):
        case "index":
            return Subject(indexes=names)
        case "table":
            return Subject(names)
        case _:
            return Subject()


def _listed(statement: Group) -> Subject:
    at = 1
    while statement.word(at) in {"full", "freeze", "verbose", "analyze"}:
        at += 1
    return Subject(_names(statement, at))


def _updated(statement: Group) -> Subject:
    return replace(_query(statement), tables=_first(statement, 1))


def _copied(statement: Group) -> Subject:
    tables = _first(statement, 1)
    return Subject(tables, fills=tables if "from" in statement.words else ())


def _refreshed(statement: Group) -> Subject:
    tables = _first(statement, 3)
    return Subject(tables, fills=tables)


def _opaque(_: Group) -> Subject:
    return Subject(opaque=True)


_VERBS: Mapping[str, Callable[[Group], Subject]] = {
    "alter": _alter,
    "call": _opaque,
    "cluster": _listed,
    "copy": _copied,
    "create": _create,
    "delete": _deleted,
    "do": _opaque,
    "drop": _drop,
    "execute": _opaque,
    "insert": _writing("into"),
    "lock": _listed,
    "merge": _writing("into"),
    "refresh": _refreshed,
    "reindex": _reindex,
    "truncate": _listed,
    "update": _updated,
    "vacuum": _listed,
}
