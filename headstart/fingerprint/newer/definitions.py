"""Read the lines of indexes, keys and foreign keys. Pure.

With the server's own lexer: a name or a literal may hold brackets, commas and keywords.
"""

from collections.abc import Iterator

from headstart.fingerprint.catalog.lexer import NAME, parts, token_pattern
from headstart.fingerprint.newer.schema import written
from headstart.patterns import pattern
from headstart.values import dataclass

_TOKENS = token_pattern()
_ON = r"ON {} (CASCADE|SET NULL|SET DEFAULT|RESTRICT|NO ACTION)(?: ?\((.*?)\))?"
_ON_DELETE, _ON_UPDATE = pattern(_ON.format("DELETE")), pattern(_ON.format("UPDATE"))
_KEY = pattern(
    rf"({NAME})(?: COLLATE \S+)?(?: (?!ASC|DESC|NULLS)([\w.\"]+)(?: ?\([^()]*\))?)?"
    r"(?: (?:ASC|DESC))?(?: NULLS (?:FIRST|LAST))?"
)


@dataclass(frozen=True)
class Index:
    """`keys` are columns or expressions; `where` is empty for an index of all rows."""

    unique: bool
    keys: tuple[str, ...]
    where: str
    nulls_equal: bool
    classes: tuple[str, ...]


@dataclass(frozen=True)
class ForeignKey:
    """`nulled` are the columns of ON DELETE SET NULL, all where it names none."""

    columns: tuple[str, ...]
    table: str
    keys: tuple[str, ...]
    on_delete: str
    on_update: str
    nulled: tuple[str, ...]
    rest: str


def index_of(detail: str) -> Index | None:
    """`unique btree(a, lower(b)) WHERE c`; None for what is not read."""
    text = detail.removeprefix("unique ")
    inside, rest = first_group(text)
    if inside is None:
        return None
    rest = rest.strip()
    if rest.startswith("INCLUDE"):
        rest = first_group(rest)[1].strip()
    nulls = rest.startswith("NULLS NOT DISTINCT")
    rest = rest.removeprefix("NULLS NOT DISTINCT").strip().removesuffix("invalid").strip()
    if rest and not rest.startswith("WHERE "):
        return None
    keys = [_KEY.fullmatch(each) for each in items(inside)]
    texts = zip(items(inside), keys, strict=True)
    classes = tuple(key[2] for key in keys if key and key[2])
    columns = tuple(key[1] if key else text for text, key in texts)
    return Index(text != detail, columns, rest.removeprefix("WHERE "), nulls, classes)


def foreign_key_of(detail: str) -> ForeignKey | None:
    """`(a) REFERENCES t(b) ON DELETE CASCADE`; None for what is not read."""
    columns, rest = first_group(detail)
    if columns is None or not rest.startswith(" REFERENCES "):
        return None
    rest = rest.removeprefix(" REFERENCES ")
    keys, end = first_group(rest)
    if keys is None:
        return None
    table = rest[: len(rest) - len(end) - len(keys) - 2].strip()
    delete, update = _ON_DELETE.search(end), _ON_UPDATE.search(end)
    nulled = tuple(items(delete[2])) if delete and delete[2] else tuple(items(columns))
    return ForeignKey(
        tuple(items(columns)),
        written(table),
        tuple(items(keys)),
        delete[1] if delete else "",
        update[1] if update else "",
        nulled,
        end,
    )


def first_group(text: str) -> tuple[str | None, str]:
    """What stands in the first brackets, and what follows them; None where there are none."""
    depth, at, start = 0, 0, 0
    for kind, part in parts(_TOKENS, text):
        at += len(part)
        if kind != "symbol":
            continue
        if part == "(":
            start = start or at
            depth += 1
        elif part == ")":
            depth -= 1
            if depth == 0:
                return text[start : at - 1], text[at:]
    return None, text


def items(text: str) -> Iterator[str]:
    """The items of a list, whose commas are those outside of brackets."""
    depth, item = 0, ""
    for kind, part in parts(_TOKENS, text):
        if kind == "symbol":
            depth += (part in "([") - (part in ")]")
            if part == "," and depth == 0:
                yield item.strip()
                item = ""
                continue
        item += part
    yield item.strip()
