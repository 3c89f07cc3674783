"""Sum up what the statements of one revision did when it was replayed in an empty database. Pure.

The database was empty: a loop in Python over a table's rows shows its SELECT only, hence reading is
kept apart from doing nothing. What DO, CALL or somebody's own function does cannot be seen, and
counts as a write to ANY_TABLE. The caller leaves out statements on Alembic's version table.

Examples. A write outweighs a look; the tables of both are kept, for rows in either leave it open
whether this revision has run:

    >>> work = work_of(
    ...     ["INSERT INTO roles VALUES ('admin')", "SELECT id FROM jobs"], changes_schema=False
    ... )
    >>> work.effect.value, sorted(work.tables)
    ('data', ['jobs', 'roles'])

A temporary table is gone with the session, so that only what it is made from counts:

    >>> temporary = work_of(["CREATE TEMP TABLE ids AS TABLE jobs"], changes_schema=False)
    >>> temporary.effect.value, sorted(temporary.tables)
    ('read', ['jobs'])

A column that is dropped takes its values along; and a block in PL/pgSQL may do anything:

    >>> sorted(work_of(["ALTER TABLE jobs DROP COLUMN done"], changes_schema=True).tables)
    ['jobs']
    >>> sorted(work_of(["DO $$ BEGIN DELETE FROM jobs; END $$"], changes_schema=False).tables)
    ['*']

Each statement goes by its first word to a function that says what it touches (_VERBS); then the
statements are summed up.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.known_functions import HARMLESS
from headstart.fingerprint.statements.scan import Scan
from headstart.fingerprint.statements.sql_tree import ANY_NAME, Group, statements_of
from headstart.fingerprint.statements.taken import takes_values
from headstart.patterns import pattern
from headstart.values import dataclass

ANY_TABLE = ANY_NAME
"""Stands for tables that have no name here."""


@dataclass(frozen=True)
class Work:
    """An effect, and the tables whose rows were written, lost or, by what writes none, looked at.

    A table is "name" or "schema.name", with double quotes if needed, or ANY_TABLE.
    """

    effect: Effect
    tables: frozenset[str]


def work_of(statements: Iterable[str], *, changes_schema: bool) -> Work:
    """Sum up statements; each text may hold several, with the placeholders of any driver.

    DDL that left the normal form as it was, such as GRANT or DROP IF EXISTS, counts as schema all
    the same: in another database it has something to do. COMMENT does not: nothing depends on it.
    Reading the system catalogs is nothing, writing them is DDL.
    """
    # a temporary table of one statement may be written by the next, so all are looked at first
    touched = [_touched_by(each) for text in statements for each in statements_of(text)]
    temporary = {name for each in touched for name in each.temporary}
    written = {name for each in touched for name in each.written} - temporary
    # what a writing statement reads is left out: where its target is empty nothing is lost by a
    # second run, whatever the source holds
    read = {name for each in touched if not each.written for name in each.read} - temporary
    lost = {name for each in touched for name in each.lost} - temporary
    schema = changes_schema or any(each.schema for each in touched)
    return Work(_effect(schema, bool(written), bool(read)), frozenset(written | read | lost))


def is_repeatable(statements: Iterable[str]) -> bool:
    """Whether all DDL of a revision may be executed again, after it ran, and changes no row."""
    touched = (_touched_by(each) for text in statements for each in statements_of(text))
    return all(each.repeatable for each in touched if each.schema)


def _effect(schema: bool, writes: bool, reads: bool) -> Effect:
    if schema:
        return Effect.SCHEMA_AND_DATA if writes or reads else Effect.SCHEMA
    if writes:
        return Effect.DATA
    return Effect.READ if reads else Effect.NOOP


@dataclass(frozen=True)
class _Touched:
    """What one statement does.

    `repeatable`: DDL that does the same if it is executed again. `lost` are tables that lose rows
    or values by DDL, `temporary` is one that it makes for the session only.
    """

    schema: bool = False
    written: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    temporary: frozenset[str] = frozenset()
    repeatable: bool = False


def _touched_by(statement: Group) -> _Touched:
    if not statement.nodes:
        return _Touched()  # behind the last semicolon
    # what does not begin with a word is a query in brackets
    return _VERBS.get(statement.word(0) or "select", _anything)(statement)


def _anything(_: Group) -> _Touched:
    return _Touched(written=frozenset({ANY_TABLE}))


def _nothing(_: Group) -> _Touched:
    return _Touched()


def _privilege(_: Group) -> _Touched:
    return _Touched(schema=True, repeatable=True)


def _drop(statement: Group) -> _Touched:
    """Dropping a table loses its rows, and CASCADE loses whatever depends on it."""
    words = statement.words
    lost = {ANY_TABLE} if words[-1] == "cascade" or "owned" in words[1:2] else set()
    if statement.word(1) == "table":
        first = 2 + 2 * (words[2:4] == ["if", "exists"])
        starts = [first] + [at + 1 for at in range(len(words)) if statement.symbol(at) == ","]
        lost |= {statement.name(at)[0] for at in starts}
    return _Touched(schema=True, lost=frozenset(lost))


def _alter(statement: Group) -> _Touched:
    """Values are lost by what is dropped or moved, or gets another type or name."""
    words = statement.words
    if words[1:2] == ["schema"] and "rename" in words:
        return _Touched(schema=True, lost=frozenset({ANY_TABLE}))
    if "table" not in words[1:3]:
        return _Touched(schema=True)
    at = words.index("table") + 1
    at += 2 * (words[at : at + 2] == ["if", "exists"])
    name, end = statement.table(at)
    lost = {name} if takes_values(words[end:]) else ()
    return _Touched(schema=True, lost=frozenset(lost))


def _create(statement: Group) -> _Touched:
    words = statement.words
    if "table" not in words[1:4]:
        return _Touched(schema=True)
    at = words.index("table") + 1
    name, _ = statement.name(at + 3 * (words[at : at + 3] == ["if", "not", "exists"]))
    temporary = not {"temp", "temporary"}.isdisjoint(words[1:3])
    # WITH NO DATA makes the table of a query, and leaves its rows where they are
    if "as" not in words or words[-2:] == ["no", "data"]:
        return _made(name, temporary, None)
    return _made(name, temporary, _touched_by(statement.rest(words.index("as") + 1)))


def _made(name: str, temporary: bool, rows: _Touched | None) -> _Touched:
    """A new table with the rows of a query; if that reads no table, only the new one shows them."""
    made = frozenset({name})
    rows = replace(rows, read=rows.read or made) if rows else _Touched()
    return replace(rows, schema=not temporary, temporary=made if temporary else frozenset())


def _copy(statement: Group) -> _Touched:
    if isinstance(statement.node(1), Group):
        return _query(statement.rest(1))
    name, end = statement.name(1)
    table = frozenset({name})
    return _Touched(written=table) if "from" in statement.words[end:] else _Touched(read=table)


def _truncate(statement: Group) -> _Touched:
    words = statement.words
    starts = [1 + (statement.word(1) == "table")]
    starts += [at + 1 for at in range(len(words)) if statement.symbol(at) == ","]
    names = {statement.table(at)[0] for at in starts}
    if words[-1] == "cascade":  # to whatever refers to them
        names.add(ANY_TABLE)
    return _Touched(written=frozenset(names))


def _refresh(statement: Group) -> _Touched:
    name, _ = statement.name(3 + (statement.word(3) == "concurrently"))
    return _Touched(written=frozenset({name}))


def _query(statement: Group) -> _Touched:
    scan = Scan.of(statement)
    written = {name for name in scan.written if not _CATALOG.match(name)}
    read = {name for name in scan.read if not _CATALOG.match(name)}
    if statement.word(0) in _WRITING and not scan.written:  # by a grammar that nobody here knows
        return _anything(statement)
    strange = {name for name in scan.called if not HARMLESS.fullmatch(name)}
    if strange and not written:
        # setval(.., max(id)) from a table is done right while that has no rows
        written = read if read and strange <= _SETVAL else {ANY_TABLE}
    # UPDATE pg_.. changes the schema by another way, and none of the rows there are ours
    catalog = any(_CATALOG.match(name) for name in scan.written)
    touched = _Touched(catalog, frozenset(written), frozenset(read))
    return _made(scan.made, scan.made_temporary, touched) if scan.made else touched


_WRITING = {"delete", "insert", "merge", "update"}
_CATALOG = pattern(r"pg_(?!temp\.)|information_schema\.")
_SETVAL = {"setval", "pg_catalog.setval"}

_VERBS: Mapping[str, Callable[[Group], _Touched]] = {
    "alter": _alter,
    "copy": _copy,
    "create": _create,
    "drop": _drop,
    "refresh": _refresh,
    "truncate": _truncate,
    **dict.fromkeys(
        (
            "declare", "delete", "explain", "insert", "merge", "prepare", "select", "table",
            "update", "values", "with",
        ),
        _query,
    ),
    **dict.fromkeys(
        ("grant", "import", "reassign", "revoke", "security"), _privilege
    ),
    **dict.fromkeys(
        (
            "abort", "analyse", "analyze", "begin", "checkpoint", "close", "cluster", "comment",
            "commit", "deallocate", "discard", "end", "fetch", "listen", "load", "lock", "move",
            "notify", "reindex", "release", "reset", "rollback", "savepoint", "set", "show",
            "start", "unlisten", "vacuum",
        ),
        _nothing,
    ),
}  # fmt: skip
