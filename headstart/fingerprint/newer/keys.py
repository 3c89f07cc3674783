"""New indexes, keys, checks and foreign keys on tables that the code knows. Pure."""

from collections.abc import Iterable, Iterator

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.fingerprint.newer.definitions import (
    ForeignKey,
    Index,
    first_group,
    foreign_key_of,
    index_of,
    items,
)
from headstart.fingerprint.newer.expressions import Ground, cannot_fail, is_unknown_of_null
from headstart.fingerprint.newer.given import takes
from headstart.fingerprint.newer.published import is_refused
from headstart.fingerprint.newer.ruling import HARMLESS, Ruling, breaking, doubtful, worst
from headstart.fingerprint.newer.schema import Fact, Pair, bare
from headstart.fingerprint.newer.unique import of_columns, replaced
from headstart.fingerprint.newer.uses import user_of

_NOT_ENFORCED = " not enforced"
_ENDS_OF_CHECK = (_NOT_ENFORCED, " not valid", " no inherit")


def new_index(pair: Pair, fact: Fact) -> Ruling:
    """An index: only a unique one refuses rows by what it is for, any by an expression."""
    if replaced(pair.before, pair.after, fact):
        return HARMLESS  # by another name
    place = f"index {fact.name} on {fact.thing}"
    index = index_of(fact.detail)
    if index is None:
        return doubtful(f"{place} may fail for a row: {fact.detail}")
    own = {bare(each.thing) for each in pair.after.of_kind("opclass")}
    for each in index.classes:
        if bare(each) in own or "." in each:
            return doubtful(f"{place} compares by {each}, which may fail for a row")
    failing = _failing(pair, fact.thing, index)
    if failing:
        return doubtful(f"{place} may fail for a row: {failing}")
    if index.unique:
        return of_columns(pair, fact, index.keys, index.nulls_equal)
    return HARMLESS


def new_check(pair: Pair, fact: Fact) -> Ruling:
    """A check of a table; that of a domain is nothing that code could know."""
    text = fact.detail
    for end in _ENDS_OF_CHECK:
        text = text.removesuffix(end)
    if _NOT_ENFORCED in fact.detail.removeprefix(text):
        return HARMLESS
    columns = pair.after.columns.get(fact.thing, {})
    named = {name: columns[name] for name in columns if name in tokens(text)}
    nulls = {name for name in named if pair.is_new_null(fact.thing, name)}
    if named and nulls == named.keys() and is_unknown_of_null(text, Ground(named, pair.after)):
        return HARMLESS
    refused = f"check {fact.name} on {fact.thing} may refuse a row: {text}"
    if not named or nulls == named.keys() or not _is_all_new(pair, fact.thing, named):
        return breaking(refused)
    answers = {takes(text, name, pair, column) for name, column in named.items()}
    if len(named) == 1 and answers == {True} and text == fact.detail:
        return HARMLESS
    return breaking(refused) if answers == {False} and len(named) == 1 else doubtful(refused)


def new_exclusion(pair: Pair, fact: Fact) -> Ruling:
    """An exclusion constraint, whose expressions may fail, too."""
    columns = pair.after.columns.get(fact.thing, {})
    named = [name for name in columns if name in tokens(fact.detail)]
    ruling = doubtful if named and _is_all_new(pair, fact.thing, named) else breaking
    return ruling(f"exclude {fact.name} on {fact.thing} may refuse a row: {fact.detail}")


def new_foreign_key(pair: Pair, fact: Fact) -> Ruling:
    """A foreign key, on a table that the code knows or on a new one; both its ends count."""
    key = foreign_key_of(fact.detail)
    if key is None:
        return breaking(f"foreign key {fact.name} on {fact.thing}: {fact.detail}")
    if key.rest.endswith(_NOT_ENFORCED.upper()):
        return HARMLESS
    rulings = []
    known = all(pair.is_new_null(fact.thing, each) for each in key.columns)
    if fact.thing in pair.before.relations and not known:
        ruling = doubtful if _is_all_new(pair, fact.thing, key.columns) else breaking
        rulings.append(
            ruling(f"foreign key {fact.name} on {fact.thing} may refuse a row: {fact.detail}")
        )
    if key.table in pair.before.relations:
        rulings.append(_of_delete(pair, fact, key, frozenset()))
        rulings.append(_of_update(pair, fact, key))
    return worst(rulings)


def _failing(pair: Pair, table: str, index: Index) -> str:
    """The expression of an index that may fail for a row, if there is one."""
    columns = pair.after.columns.get(table, {})
    ground = Ground(columns, pair.after)
    texts = [*(each for each in index.keys if each not in columns), index.where]
    if index.unique:
        texts = [index.where]  # of an expression's value nobody knows whether it is new
    return next((each for each in filter(None, texts) if not cannot_fail(each, ground)), "")


def _is_all_new(pair: Pair, table: str, columns: Iterable[str]) -> bool:
    return all(pair.before.column(table, each) is None for each in columns)


def _of_delete(pair: Pair, fact: Fact, key: ForeignKey, seen: frozenset[str]) -> Ruling:
    """Whether a row of the key's table can go in spite of it, and of what follows."""
    refused = doubtful(f"DELETE on {key.table} may be refused by {fact.thing} ({fact.name})")
    parts = pair.after.parts.get(fact.thing, frozenset())
    for table in (fact.thing, *sorted(parts)):
        if pair.after.about(table, "trigger", "rule") or is_refused(pair, table):
            return refused
    if key.on_delete == "SET NULL":
        return HARMLESS if _may_be_null(pair, fact.thing, key) else refused
    if key.on_delete != "CASCADE":
        return refused
    if fact.thing in pair.before.relations and fact not in pair.before.of_kind("fk"):
        gone = f"DELETE on {key.table} takes rows of {fact.thing} with it ({fact.name})"
        return doubtful(f"{gone}, which the older code does not expect")
    if fact.thing in seen:
        return HARMLESS
    return worst(
        _of_delete(pair, follower, found, seen | {fact.thing})
        for follower, found in _keys_to(pair, {fact.thing, *parts})
    )


def _keys_to(pair: Pair, tables: set[str]) -> Iterator[tuple[Fact, ForeignKey]]:
    for each in pair.after.of_kind("fk"):
        found = foreign_key_of(each.detail)
        if found is not None and found.table in tables:
            yield each, found


def _may_be_null(pair: Pair, table: str, key: ForeignKey) -> bool:
    """Whether the key's columns can become NULL in any row: nothing depends on their values."""
    known = pair.after.columns.get(table, {})
    if any(each not in known or known[each].required for each in key.nulled):
        return False
    if any(pair.is_domain(known[each]) for each in key.nulled):
        return False
    if any("MATCH FULL" in each.detail for each in pair.after.about(table, "fk")):
        return False
    return not any(user_of(pair, table, each) for each in key.nulled)


def _of_update(pair: Pair, fact: Fact, key: ForeignKey) -> Ruling:
    """Whether what it refers to can be changed as before: keys are not, by the contract."""
    if set(key.keys) <= _old_keys(pair, key.table):
        return HARMLESS
    refused = doubtful(
        f"UPDATE of {key.table}.{', '.join(key.keys)} may be refused by {fact.thing} ({fact.name})"
    )
    if key.on_update != "CASCADE" or pair.after.about(fact.thing, "trigger", "rule"):
        return refused
    if is_refused(pair, fact.thing) or "MATCH FULL" in key.rest:
        return refused
    old, new = pair.after.columns.get(key.table, {}), pair.after.columns.get(fact.thing, {})
    for mine, theirs in zip(key.columns, key.keys, strict=False):
        alike = mine in new and theirs in old and new[mine].type == old[theirs].type
        if not alike or user_of(pair, fact.thing, mine):
            return refused
    return HARMLESS


def _old_keys(pair: Pair, table: str) -> set[str]:
    """The columns that nobody changes: of the primary key, or referred to all along."""
    found: set[str] = set()
    for each in pair.before.about(table, "pk"):
        found.update(items(first_group(each.detail)[0] or ""))
    for each in pair.before.of_kind("fk"):
        key = foreign_key_of(each.detail)
        if key is not None and key.table == table:
            found.update(key.keys)
    return found
