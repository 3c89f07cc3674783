"""New indexes, keys, checks and foreign keys on tables that the code knows. Pure."""

import re
from collections.abc import Iterator

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.fingerprint.catalog.lexer import NAME
from headstart.fingerprint.newer.expressions import cannot_fail, is_unknown_of_null
from headstart.fingerprint.newer.ruling import HARMLESS, Ruling, breaking, doubtful, worst
from headstart.fingerprint.newer.schema import Fact, Pair
from headstart.patterns import pattern

_INDEX = pattern(
    r"(?P<unique>unique )?(?P<method>\w+)\((?P<keys>.*?)\)(?: ?INCLUDE ?\((?P<included>[^()]*)\))?"
    r"(?P<nulls> NULLS NOT DISTINCT)?(?: WHERE (?P<where>.*?))?(?: invalid)?",
    re.DOTALL,
)
_ENDS_OF_CHECK = (" not enforced", " not valid", " no inherit")
_FOREIGN_KEY = pattern(
    r"\((?P<columns>.*?)\) REFERENCES (?P<table>.+?)\((?P<keys>.*?)\)(?P<rest>.*)", re.DOTALL
)
_ON_DELETE = pattern(r"ON DELETE (CASCADE|SET NULL|SET DEFAULT|RESTRICT|NO ACTION)(?: ?\((.*?)\))?")


def new_index(pair: Pair, fact: Fact) -> Ruling:
    """An index: only a unique one refuses rows by what it is for, any by an expression."""
    place = f"index {fact.name} on {fact.thing}"
    match = _INDEX.fullmatch(fact.detail)
    if match is None:
        return doubtful(f"{place} may fail for a row: {fact.detail}")
    columns = pair.after.columns.get(fact.thing, {})
    keys = list(_items(match["keys"]))
    if match["unique"]:
        return _unique(pair, fact, [_column_of(each) for each in keys], bool(match["nulls"]))
    texts = [*(each for each in keys if _column_of(each) not in columns), match["where"]]
    for text in filter(None, texts):
        if not cannot_fail(text, columns):
            return doubtful(f"{place} may fail for a row: {text}")
    return HARMLESS


def new_unique(pair: Pair, fact: Fact) -> Ruling:
    """A unique constraint."""
    text = fact.detail.removeprefix("NULLS NOT DISTINCT").strip()
    columns = re.match(r"\((.*?)\)", text, re.DOTALL)
    items = list(_items(columns[1])) if columns else []
    return _unique(pair, fact, items, text != fact.detail)


def new_check(pair: Pair, fact: Fact) -> Ruling:
    """A check of a table; that of a domain is nothing that code could know."""
    text = fact.detail
    for end in _ENDS_OF_CHECK:
        text = text.removesuffix(end)
    columns = pair.after.columns.get(fact.thing, {})
    named = {each for each in columns if each in tokens(text)}
    unknown = all(pair.is_new_null(fact.thing, each) for each in named)
    if named and unknown and is_unknown_of_null(text, named):
        return HARMLESS
    return breaking(f"check {fact.name} on {fact.thing} may refuse a row: {text}")


def new_foreign_key(pair: Pair, fact: Fact) -> Ruling:
    """A foreign key, on a table that the code knows or on a new one; both its ends count."""
    match = _FOREIGN_KEY.fullmatch(fact.detail)
    if match is None:
        return breaking(f"foreign key {fact.name} on {fact.thing}: {fact.detail}")
    rulings = []
    if fact.thing in pair.before.relations:
        columns = list(_items(match["columns"]))
        if not all(pair.is_new_null(fact.thing, each) for each in columns):
            rulings.append(
                breaking(f"foreign key {fact.name} on {fact.thing} may refuse a row: {fact.detail}")
            )
    if match["table"] in pair.before.relations:
        rulings.append(_of_delete(pair, match["table"], fact, frozenset()))
    return worst(rulings)


def _unique(pair: Pair, fact: Fact, columns: list[str], nulls_equal: bool) -> Ruling:
    unknown = columns and all(pair.is_new_null(fact.thing, each) for each in columns)
    if unknown and not nulls_equal:
        return HARMLESS
    return breaking(f"{fact.kind} {fact.name} on {fact.thing} may refuse a row: {fact.detail}")


def _of_delete(pair: Pair, deleted: str, key: Fact, seen: frozenset[str]) -> Ruling:
    """Whether a row of `deleted` can go in spite of a key to it, and of what follows."""
    refused = doubtful(f"DELETE on {deleted} may be refused by {key.thing} ({key.name})")
    match = _FOREIGN_KEY.fullmatch(key.detail)
    action = _ON_DELETE.search(match["rest"]) if match else None
    if match is None or action is None or pair.after.about(key.thing, "trigger", "rule"):
        return refused
    if action[1] == "SET NULL":
        named = list(_items(action[2])) if action[2] else list(_items(match["columns"]))
        return HARMLESS if _may_be_null(pair, key.thing, named) else refused
    if action[1] != "CASCADE":
        return refused
    if key.thing in seen:
        return HARMLESS
    followers = (
        each
        for each in pair.after.of_kind("fk")
        if (found := _FOREIGN_KEY.fullmatch(each.detail)) and found["table"] == key.thing
    )
    return worst(_of_delete(pair, key.thing, each, seen | {key.thing}) for each in followers)


def _may_be_null(pair: Pair, table: str, columns: list[str]) -> bool:
    """Whether these can become NULL in any row: in no key and no check, nothing made of them."""
    known = pair.after.columns.get(table, {})
    if any(each not in known or known[each].required for each in columns):
        return False
    if any(pair.is_domain(known[each]) for each in columns):
        return False
    if any(each.generated is not None for each in known.values()):
        return False
    texts = [each.detail for each in pair.after.about(table, "pk", "unique", "check", "exclude")]
    texts += [e.detail for e in pair.after.about(table, "index") if e.detail.startswith("unique ")]
    return not any(column in tokens(text) for text in texts for column in columns)


def _items(text: str) -> Iterator[str]:
    """The items of a list, whose commas are those outside of parentheses."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()


_KEY = pattern(
    rf"({NAME})(?: COLLATE \S+)?(?: (?!ASC|DESC|NULLS)[\w.\"]+(?: ?\([^()]*\))?)?(?: (?:ASC|DESC))?"
    r"(?: NULLS (?:FIRST|LAST))?"
)


def _column_of(item: str) -> str:
    """The column of an item of an index; the item itself where it is no plain column."""
    match = _KEY.fullmatch(item)
    return match[1] if match else item
