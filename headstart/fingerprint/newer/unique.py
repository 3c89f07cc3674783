"""What a new key, unique constraint or unique index refuses that nothing refused so far. Pure.

users.public_id uuid, DEFAULT gen_random_uuid(), UNIQUE   no row of ours gets one twice
users.n serial, UNIQUE                                    doubtful: others may write it, too
UNIQUE (id, user_id), where id is the key                 doubtful: of two upserts at once
UNIQUE (user_id)                                          breaking
"""

from collections.abc import Iterable, Iterator

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.fingerprint.newer.defaults import UUIDS
from headstart.fingerprint.newer.definitions import first_group, items
from headstart.fingerprint.newer.expressions import LITERAL
from headstart.fingerprint.newer.ruling import HARMLESS, Ruling, breaking, doubtful, worst
from headstart.fingerprint.newer.schema import Column, Fact, Pair, Schema
from headstart.patterns import pattern
from headstart.values import dataclass

KINDS = frozenset({"pk", "unique", "index"})
_INDEX = pattern(r"unique btree ?(.*)")
_NULLS_EQUAL = "NULLS NOT DISTINCT"
_CONSTANTS = frozenset({"NULL", "true", "false"})


@dataclass(frozen=True)
class _Unique:
    """`columns` with what says how they are compared; `rest` is what else there is to it."""

    columns: tuple[str, ...]
    nulls_equal: bool
    rest: str


def new_unique(pair: Pair, fact: Fact) -> Ruling:
    """A unique constraint, or a primary key."""
    unique = _unique_of(fact)
    columns = unique.columns if unique else ()
    ruling = of_columns(pair, fact, columns, unique is None or unique.nulls_equal)
    if "DEFERRABLE" in fact.detail:
        waiting = doubtful(
            f"ON CONFLICT DO NOTHING is refused on {fact.thing}: {fact.kind} {fact.name} is"
            " deferrable"
        )
        return worst([ruling, waiting])
    return ruling


def of_columns(pair: Pair, fact: Fact, columns: Iterable[str], nulls_equal: bool) -> Ruling:
    """Whether rows that the old code writes may be alike in these columns or expressions."""
    columns = tuple(columns)
    if replaced(pair.before, pair.after, fact):
        return HARMLESS  # by another name, or as a constraint
    place = f"{fact.kind} {fact.name} on {fact.thing}"
    known = pair.after.columns.get(fact.thing, {})
    if columns and set(columns) <= known.keys():
        apart = any(_is_apart(pair, fact.thing, each, nulls_equal) for each in columns)
        if apart and all(pair.before.column(fact.thing, each) is None for each in columns):
            return HARMLESS
        if apart or any(_is_computed(pair, fact.thing, each) for each in columns):
            return doubtful(f"{place} may refuse a value beside one of newer code: {fact.detail}")
    if any(_is_finer(pair, fact, each) for each in _kept(pair, fact.thing)):
        return doubtful(f"{place} may refuse one of two upserts at the same time: {fact.detail}")
    return breaking(f"{place} may refuse a row: {fact.detail}")


def replaced(before: Schema, after: Schema, fact: Fact) -> bool:
    """Whether an index of before, gone under its name, was the same, and refused the same rows."""
    wanted = _unique_of(fact)
    return any(
        each.detail == fact.detail or (wanted is not None and _unique_of(each) == wanted)
        for each in before.about(fact.thing, "index")
        if each.key not in after.facts
    )


def is_kept(after: Schema, fact: Fact) -> bool:
    """Whether something of the newer schema is what this unique index was."""
    wanted = _unique_of(fact)
    found = map(_unique_of, after.about(fact.thing, *KINDS))
    return wanted is not None and wanted in found


def _unique_of(fact: Fact) -> _Unique | None:
    """None for what is none, or is not read."""
    text = fact.detail
    if fact.kind == "index":
        match = _INDEX.fullmatch(text)
        if match is None:
            return None
        text = match[1]
    nulls_equal = _NULLS_EQUAL in text
    inside, rest = first_group(text.replace(_NULLS_EQUAL, ""))
    if inside is None:
        return None
    return _Unique(tuple(items(inside)), nulls_equal, rest.strip())


def _is_apart(pair: Pair, table: str, name: str, nulls_equal: bool) -> bool:
    """Whether a new column has another value in each row that the old code writes, or NULL."""
    if pair.is_new_null(table, name):
        return not nulls_equal
    column = _new_column(pair, table, name)
    if column is None:
        return False
    # a function of our own by that name is a doubt about the column itself
    return column.default in UUIDS or column.filled == "identity always"


def _is_computed(pair: Pair, table: str, name: str) -> bool:
    """Whether the server gives a new column something else than a constant."""
    column = _new_column(pair, table, name)
    if column is None or column.default is None:
        return column is not None and column.filled is not None
    first = tokens(column.default)[0]
    return not LITERAL.fullmatch(first) and first not in _CONSTANTS


def _new_column(pair: Pair, table: str, name: str) -> Column | None:
    column = pair.after.column(table, name)
    if column is None or pair.before.column(table, name) is not None or pair.is_domain(column):
        return None
    return column


def _kept(pair: Pair, table: str) -> Iterator[_Unique]:
    """What is unique all along, at the end of each statement."""
    for each in pair.before.about(table, *KINDS):
        unique = _unique_of(each)
        if unique and not unique.rest and pair.after.facts.get(each.key) == each:
            yield unique


def _is_finer(pair: Pair, fact: Fact, known: _Unique) -> bool:
    """Whether it refuses no two rows that are not refused already."""
    new = _unique_of(fact)
    columns = pair.after.columns.get(fact.thing, {})
    if new is None or not set(known.columns) <= set(new.columns) <= columns.keys():
        return False
    return not new.nulls_equal or all(columns[each].required for each in known.columns)
