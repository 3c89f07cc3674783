"""What of the old schema knows the rows of a table: functions, triggers, views. Pure.

A column more may make a name ambiguous that they use, or a row too long. Of a function the text is
read, which says what it does only roughly: where it does not tell, there is a doubt.
"""

import re
from collections.abc import Iterator

from headstart.fingerprint.newer.ruling import Ruling, doubtful
from headstart.fingerprint.newer.schema import (
    Column,
    Fact,
    Pair,
    bare,
    is_without_equality,
    written,
)
from headstart.patterns import pattern

_CALLS = pattern(r"EXECUTE (?:FUNCTION|PROCEDURE) (.+?)\(", re.IGNORECASE)
_COUNT = pattern(r"count\s*\(\s*\*\s*\)", re.IGNORECASE)
_BODY = pattern(r" body ([0-9a-f]{16})$")
_DYNAMIC = pattern(r"\bexecute\b", re.IGNORECASE)
_WHOLE = pattern(r"\*|rowtype|\bnatural\b", re.IGNORECASE)
_WHOLE_ROW = pattern(r"[\w\"]\.\*")
_FIXED = frozenset({"check", "index", "policy", "exclude"})
_SERVERS_TRIGGERS = frozenset(
    {"suppress_redundant_updates_trigger", "tsvector_update_trigger"}
    | {"tsvector_update_trigger_column"}
)
"""They look at the columns that the trigger names, or at whether anything is changed."""


def readers_of(pair: Pair, table: str) -> list[str]:
    """The functions of the old schema that know rows of a table; all, where none can be read."""
    if not pair.around.known:
        return sorted(pair.before.functions)
    found = _about(pair, table) | _triggered(pair, table) | _returning(pair, table)
    return sorted(found & pair.before.functions)


def of_new_column(pair: Pair, fact: Fact, column: Column) -> Iterator[Ruling]:
    """What a new column does to those who know the table."""
    table, place = fact.thing, f"{fact.thing}.{fact.name}"
    for name in _using_the_name(pair, table, fact.name):
        yield doubtful(
            f"the function {name} uses the name {fact.name}, which may mean the new column now"
        )
    for name in sorted(_unread(pair, table)):
        yield doubtful(f"a trigger of {table} calls {name}, which nobody can read")
    for name in sorted(_handling_rows(pair, table)):
        yield doubtful(f"the function {name} handles whole rows of {table}, which are longer now")
    if bare(fact.name) in {bare(table), *map(bare, pair.before.functions)}:
        yield doubtful(
            f"{place} is called as its table or a function is: {place} meant that so far"
        )
    for each in _fixed(pair, table):
        yield doubtful(f"{each} looks at whole rows of {table}, which are longer now")
    if is_without_equality(column, pair.after) and (known := _comparing(pair, table)):
        yield doubtful(f"{place} is {column.type}, which has no equality: {known} may compare rows")
    for at, columns in pair.before.columns.items():
        for name, other in columns.items():
            if written(other.type.removesuffix("[]")) == table:
                yield doubtful(f"{at}.{name} holds rows of {table}, which are longer now")


def has_triggers(pair: Pair, table: str) -> bool:
    """Whether something of the old schema happens where a row is written."""
    return bool(pair.before.about(table, "trigger", "rule"))


def checking_views(pair: Pair, table: str) -> Iterator[str]:
    """The views of the old schema that refuse rows which they would not show, over a table."""
    views = {each.thing: each.detail for each in pair.before.of_kind("view")}
    above, found = {table}, set[str]()
    while above:
        above = {name for each in above for name in _naming(views, each)} - found
        found |= above
    for name in sorted(found):
        if "check_option=" in views[name]:
            yield f"the view {name}"


def _functions(pair: Pair) -> list[Fact]:
    return pair.before.of_kind("function")


def _texts(pair: Pair) -> dict[str, str]:
    """The texts of the old schema's functions, with the names of their arguments."""
    return {n: text for n, text in pair.around.sources.items() if n in pair.before.functions}


def _unreadable(pair: Pair) -> set[str]:
    """The functions whose text is not there, or that of another version of theirs."""
    bodies = pair.around.bodies
    return {
        each.thing
        for each in _functions(pair)
        if each.thing not in pair.around.sources
        or (
            bodies is not None
            and (body := _BODY.search(each.detail)) is not None
            and body[1] not in bodies
        )
    }


def _about(pair: Pair, table: str) -> set[str]:
    """The functions that may name a table, in their text or as what they take."""
    taking = _naming({each.thing: each.name for each in _functions(pair)}, table)
    return taking | _naming(_texts(pair), table) | _dynamic(pair) | _unreadable(pair)


def _naming(texts: dict[str, str], word: str) -> set[str]:
    looked = re.compile(rf"(?<![\w$]){re.escape(bare(word))}(?![\w$])", re.IGNORECASE)
    return {name for name, text in texts.items() if looked.search(text)}


def _dynamic(pair: Pair) -> set[str]:
    """Those that put SQL together: any table may be in it."""
    return {name for name, text in _texts(pair).items() if _DYNAMIC.search(text)}


def _using_the_name(pair: Pair, table: str, column: str) -> list[str]:
    if not pair.around.known:
        return sorted(pair.before.functions)
    texts = _texts(pair)
    about = _naming(texts, table) | _dynamic(pair)
    return sorted((about & _naming(texts, column)) | _unreadable(pair))


def _handling_rows(pair: Pair, table: str) -> set[str]:
    if not pair.around.known:
        return set(pair.before.functions)
    texts = _texts(pair)
    whole = {name for name, text in texts.items() if _WHOLE.search(_COUNT.sub("", text))}
    about = _about(pair, table) | _triggered(pair, table)
    as_type = {name for name, text in texts.items() if _is_a_type_in(text, table)}
    return (about & whole) | as_type | _returning(pair, table)


def _is_a_type_in(text: str, table: str) -> bool:
    """Whether it names the table elsewhere than where SQL names one: `x::users`, `u users;`."""
    name = re.escape(bare(table))
    every = rf"(?<![\w$]){name}(?![\w$])"
    schema = r'(?:"?\w+"?\.)?"?'
    as_table = rf"\b(?:from|join|into|update|only|using)\s+{schema}{name}(?![\w$])"
    qualifying = rf"(?<![\w$]){name}\"?\.(?!\*)"
    counts = [len(re.findall(each, text, re.IGNORECASE)) for each in (every, as_table, qualifying)]
    return counts[0] > counts[1] + counts[2]


def _returning(pair: Pair, table: str) -> set[str]:
    """The functions that return rows of a table."""
    word = re.compile(rf" returns [^()]*?(?<![\w.]){re.escape(table)}(?!\w)")
    return {each.thing for each in _functions(pair) if word.search(each.detail)}


def _triggered(pair: Pair, table: str) -> set[str]:
    calls = (_CALLS.search(each.detail) for each in pair.before.about(table, "trigger"))
    return {written(call[1]) for call in calls if call}


def _unread(pair: Pair, table: str) -> set[str]:
    """Functions of triggers whose text says nothing: those of extensions, and those in C."""
    unread = {each.thing for each in _functions(pair) if " language c " in f"{each.detail} "}
    known = pair.before.functions if not pair.around.known else set(_texts(pair))
    return _triggered(pair, table) - (known - unread) - _SERVERS_TRIGGERS


def _fixed(pair: Pair, table: str) -> Iterator[str]:
    """The checks, indexes, generated columns and views that look at all of a row."""
    for each in pair.before.about(table, *_FIXED):
        if _WHOLE_ROW.search(each.detail):
            yield f"{each.kind} {each.name}"
    for name, column in pair.before.columns.get(table, {}).items():
        if column.generated and _WHOLE_ROW.search(column.generated):
            yield f"the column {name}"
    yield from _views(pair, table)


def _views(pair: Pair, table: str) -> Iterator[str]:
    word = re.compile(rf"(?<![\w.]){re.escape(table)}(?!\w)")
    for kind in ("view", "matview"):
        for each in pair.before.of_kind(kind):
            if _WHOLE_ROW.search(each.detail) and word.search(each.detail):
                yield f"the view {each.thing}"


def _comparing(pair: Pair, table: str) -> str:
    """Who may compare two rows of a table."""
    triggers = pair.before.about(table, "trigger")
    functions = readers_of(pair, table)
    if functions:
        return f"the function {functions[0]}"
    return f"the trigger {triggers[0].name}" if triggers else ""
