"""What depends on the value of a column. Pure."""

from collections.abc import Iterator

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.fingerprint.newer.definitions import foreign_key_of, index_of
from headstart.fingerprint.newer.schema import Fact, Pair

_CONSTRAINTS = ("pk", "unique", "check", "exclude", "policy", "rule")


def user_of(pair: Pair, table: str, column: str) -> str | None:
    """Something that may refuse a value of a column, or fail for it; a foreign key is not meant."""
    return next(_users(pair, table, column), None)


def key_of(pair: Pair, table: str, column: str) -> str | None:
    """A foreign key from a column."""
    for each in pair.after.about(table, "fk"):
        key = foreign_key_of(each.detail)
        if key is None or column in key.columns:
            return f"fk {each.name}"
    return None


def _users(pair: Pair, table: str, column: str) -> Iterator[str]:
    for each in pair.after.about(table, *_CONSTRAINTS):
        if column in tokens(each.detail):
            yield f"{each.kind} {each.name}"
    for each in pair.after.about(table, "index"):
        if not _is_plain(each, column):
            yield f"index {each.name}"
    for name, other in pair.after.columns.get(table, {}).items():
        if other.generated is not None and column in tokens(other.generated):
            yield f"the column {name}"
    for each in pair.after.about(table, "table"):
        # a row of a part has to stay within its bounds, and a part may have limits of its own
        if "partition" in each.detail:
            yield "its partitions"


def _is_plain(index: Fact, column: str) -> bool:
    """Whether an index takes any value of a column."""
    if column not in tokens(index.detail):
        return True
    found = index_of(index.detail)
    if found is None or found.unique:
        return False
    texts = [each for each in (*found.keys, found.where) if each != column]
    return not found.classes and not any(column in tokens(each) for each in texts)
