"""Read from the text of SQL which tables it makes, or that it may make any. Pure.

The statements that can make no table, or a table with a name, are the ones listed here. Anything
else may make any: DO and CALL, a routine (its body may), a function that is not known, COPY (which
can start a program), a server's setting that leads names to another schema. Views hold no rows and
are no tables; an extension's tables are its own.

Examples. A name without a schema has None for it; a temporary table is no table of ours:

    >>> tables_made("CREATE TABLE jobs (id int); CREATE TEMP TABLE ids (id int)")
    frozenset({(None, 'jobs')})
    >>> tables_made("ALTER TABLE jobs RENAME TO tasks")
    frozenset({(None, 'tasks')})
    >>> tables_made("INSERT INTO jobs VALUES (now())")
    frozenset()

Of a function that is not known nobody can say what it makes, hence None: any table in the database
may then be of the revisions, and the database is refused rather than called empty.

    >>> tables_made("SELECT my_function()") is None
    True
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from headstart.facts.state import TableName
from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.statements.known_functions import HARMLESS
from headstart.fingerprint.statements.scan import Scan
from headstart.fingerprint.statements.sql_tree import ANY_NAME, Group, statements_of

Made = frozenset[TableName] | None
"""The tables that are made; None if others may be made, too."""

_NOTHING: Made = frozenset()


def tables_made(sql: str) -> Made:
    """The tables that SQL text makes, or renames to; None if it may make any."""
    return _all_of(_made_by(each) for each in statements_of(sql) if each.nodes)


def views_made(sql: str) -> frozenset[TableName]:
    """The materialized views that SQL text makes, or renames to, by literal names."""
    views = (_view_of(each) or frozenset() for each in statements_of(sql))
    return frozenset(view for each in views for view in each)


def _view_of(statement: Group) -> Made:
    words = statement.words
    if "materialized" not in words[1:3] or words[0] not in {"create", "alter"}:
        return _NOTHING
    at = words.index("materialized") + 2
    if words[0] == "alter":
        return _alter_table(statement, at)
    return _named(statement.name(at + 3 * (words[at : at + 3] == ["if", "not", "exists"]))[0])


def tables_touched(sql: str) -> frozenset[TableName]:
    """The tables that SQL text may change; there may be names among them that are none."""
    return frozenset(table for each in statements_of(sql) for table in _touched(each, each.word(0)))


_SKIPPED = {"table", "if", "exists"}


def _touched(group: Group, verb: str) -> Iterator[TableName]:
    before = {"alter": {"table"}, "drop": {"table"}, "create": {"on"}, "truncate": {"truncate"}}
    for at, word in enumerate(group.words):
        node = group.node(at)
        if isinstance(node, Group):
            yield from _touched(node, "")
        deletes = word == "from" and group.word(at - 1) == "delete"
        if word in {"update", "into", *before.get(verb, ())} or deletes:
            yield from _names_from(group, at + 1)


def _names_from(group: Group, at: int) -> Iterator[TableName]:
    while group.word(at) in _SKIPPED:
        at += 1
    name, at = group.table(at)
    if parts := _parts(name):
        yield parts
    if group.symbol(at) == ",":
        yield from _names_from(group, at + 1)


def is_known_function(name: str) -> bool:
    """Whether a function can make no table, and lead no name to another schema."""
    bare = name.removeprefix("pg_catalog.")
    if bare.startswith(("pg_", "information_schema.")):  # extensions have such names, too
        return bare in _PG_FUNCTIONS
    return bare != "set_config" and HARMLESS.fullmatch(bare) is not None


_PG_FUNCTIONS = {
    "pg_advisory_lock", "pg_advisory_unlock", "pg_advisory_xact_lock", "pg_backend_pid",
    "pg_get_constraintdef", "pg_get_expr", "pg_get_indexdef", "pg_get_serial_sequence",
    "pg_get_viewdef", "pg_relation_size", "pg_size_pretty", "pg_sleep", "pg_table_is_visible",
    "pg_total_relation_size", "pg_try_advisory_lock", "pg_try_advisory_xact_lock", "pg_typeof",
}  # fmt: skip


def _all_of(parts: Iterable[Made]) -> Made:
    made: set[TableName] = set()
    for part in parts:
        if part is None:
            return None  # one statement that may make any makes the whole text so
        made |= part
    return frozenset(made)


def _made_by(statement: Group) -> Made:
    verb = statement.word(0)
    if not verb:  # a query in parentheses; a placeholder may stand for anything
        return _query(statement) if isinstance(statement.node(0), Group) else None
    judge = _VERBS.get(verb)
    return None if judge is None else judge(statement)


def _nothing(_: Group) -> Made:
    return _NOTHING


def _query(statement: Group) -> Made:
    scan = Scan.of(statement)
    if not all(map(is_known_function, scan.called)):
        return None
    return _named(scan.made) if scan.made and not scan.made_temporary else _NOTHING


def _named(name: str) -> Made:
    """A table by its name in the tree."""
    parts = _parts(name)
    return None if parts is None else frozenset({(parts[0] or None, parts[1])})


def _parts(name: str) -> TableName | None:
    """Schema and name; None if they cannot be read as the server reads them."""
    if not name or name == ANY_NAME or "\\" in name:
        return None
    schema, table = split_name(name)
    # the server cuts a longer name, to 63 bytes of its own encoding
    too_long = any(len(part.encode(errors="replace")) > 63 for part in (schema, table))
    return None if too_long else (schema, table)


_TABLE_MODIFIERS = {"global", "local", "temp", "temporary", "unlogged", "foreign"}
_MODIFIERS = {
    "or", "replace", "recursive", "unique", "constraint", "event", "materialized", "trusted",
    "default", *_TABLE_MODIFIERS,
}  # fmt: skip
_TABLELESS = {
    "access", "aggregate", "cast", "collation", "conversion", "domain", "extension", "group",
    "index", "operator", "policy", "publication", "role", "rule", "sequence", "server",
    "statistics", "text", "trigger", "type", "user", "view",
}  # fmt: skip


def _create(statement: Group) -> Made:
    words = statement.words
    at = 1
    # CREATE OR REPLACE .., CREATE UNLOGGED ..: what is made comes behind all of these
    while statement.word(at) in _MODIFIERS:
        at += 1
    match words[at] if at < len(words) else "":
        case "table":
            return _create_table(statement, at + 1)
        case "view" if "materialized" in words[:at]:  # its query is executed
            return _as_query(statement) if "as" in words else None
        case "schema":  # may be followed by what is made in it
            return _NOTHING if words.count("create") == 1 else None
        case kind:
            return _NOTHING if kind in _TABLELESS else None


def _create_table(statement: Group, at: int) -> Made:
    before, words = statement.words[:at], statement.words
    if words[at : at + 3] == ["if", "not", "exists"]:
        at += 3
    if "as" in words and _as_query(statement) is None:
        return None  # its query calls a function that may make another table
    temporary = not {"temp", "temporary"}.isdisjoint(before)
    return _NOTHING if temporary else _named(statement.name(at)[0])


def _as_query(statement: Group) -> Made:
    return _made_by(statement.rest(statement.words.index("as") + 1))


def _alter(statement: Group) -> Made:
    words = statement.words
    if words[1:2] == ["table"] or words[1:3] == ["foreign", "table"]:
        return _alter_table(statement, words.index("table") + 1)
    if words[1:2] == ["extension"]:
        return _NOTHING if "update" in words else None
    return _NOTHING if words[1:2] and words[1] in _ALTERABLE else None


_ALTERABLE = (_TABLELESS - {"group", "role", "user"}) | {
    "default", "event", "function", "materialized", "procedure", "routine",
}  # fmt: skip
"""Not a schema: its tables would get another name. Not what has settings of its own."""


def _alter_table(statement: Group, at: int) -> Made:
    words = statement.words
    if words[at : at + 2] == ["if", "exists"]:
        at += 2
    name, end = statement.table(at)
    if "into" in words[end:]:  # partitions that are split or merged
        return None
    for place, pair in enumerate(pairwise(words)):
        if place >= end - 1 and pair in {("rename", "to"), ("set", "schema")}:
            return _moved(_parts(name), pair, _parts(statement.name(place + 2)[0]))
    return _NOTHING


def _moved(old: TableName | None, pair: tuple[str, str], new: TableName | None) -> Made:
    if old is None or new is None:
        return None
    # RENAME TO keeps the schema, and SET SCHEMA the name
    place = (old[0], new[1]) if pair == ("rename", "to") else (new[1], old[1])
    return frozenset({(place[0] or None, place[1])})


def _set(statement: Group) -> Made:
    words = [word for word in statement.words[1:] if word not in {"local", "session"}]
    return _NOTHING if words and words[0] in _SETTINGS else None


_SETTINGS = {
    "client_min_messages", "constraints", "idle_in_transaction_session_timeout", "lock_timeout",
    "maintenance_work_mem", "statement_timeout", "time", "timezone", "transaction_timeout",
    "work_mem",
}  # fmt: skip

_VERBS: Mapping[str, Callable[[Group], Made]] = {
    "alter": _alter,
    "create": _create,
    "reset": _set,
    "set": _set,
    **dict.fromkeys(
        ("delete", "insert", "merge", "select", "table", "update", "values", "with"), _query
    ),
    **dict.fromkeys(
        (
            "abort", "analyse", "analyze", "begin", "cluster", "comment", "commit", "drop", "end",
            "grant", "lock", "notify", "reassign", "refresh", "reindex", "release", "revoke",
            "rollback", "savepoint", "security", "show", "start", "truncate", "vacuum",
        ),
        _nothing,
    ),
}  # fmt: skip
