"""What a message that was sent leaves to the search_path: operators, functions, types in casts."""

import re
from collections.abc import Iterable

from headstart.facts.sql import PINNED
from headstart.fingerprint.catalog.lexer import lexed, token_pattern

_TOKENS = token_pattern(r"[-+*/<>=~!@\#%^&|`?]+")
_PINS = "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"
_NO_CALLS = frozenset(
    {
        "all", "and", "any", "array", "as", "by", "case", "coalesce", "else", "exists", "filter",
        "from", "in", "join", "lateral", "materialized", "not", "on", "or", "over", "select",
        "then", "values", "varchar", "when", "where", "with",
    }
)  # fmt: skip
"""What may stand before a parenthesis and calls nothing."""
_LOOKED_UP = frozenset({"in", "like", "ilike", "similar", "between", "using", "nullif", "distinct"})
"""Words behind which is an operator, found by the search_path."""
_ENDS = re.compile("COMMIT|ROLLBACK|END|ABORT")
_OF_OTHERS = re.compile(
    r"select pg_catalog\.version\(\)|select current_schema\(\)|show \w+|SHOW [\w ]+"
    r"|(?:BEGIN|COMMIT|ROLLBACK)( TRANSACTION)?|\s*(?:CREATE|INSERT INTO|ALTER) .*"
    r"|SELECT \S+\.version_num\s+FROM \S+|SELECT t\.oid, typarray\s.*'hstore'",
    re.DOTALL,
)
"""What drivers, SQLAlchemy, Alembic and the scripts send: an operator is in none of these."""


def sent_unpinned(messages: Iterable[tuple[str, str]]) -> set[str]:
    """The messages of headstart's, or their beginnings, that go by a search_path of others.

    Of pairs of a backend's process and what it was sent; a pin lasts until its transaction ends.
    """
    pinned, unpinned = set[str](), set[str]()
    for process, message in messages:
        if process in pinned and not _ENDS.match(message):
            continue
        before = _before_pin(message)
        (pinned.add if before is not None else pinned.discard)(process)
        rest = message if before is None else before
        if _OF_OTHERS.fullmatch(rest.strip("; \n")) is None:
            unpinned.add(rest)
    return unpinned


def looked_up(message: str) -> list[str]:
    """The operators, functions and casts of a message that the search_path decides."""
    tokens = [text for _, text in lexed(_TOKENS, message)]
    return [
        " ".join(tokens[max(0, at - 3) : at + 3])
        for at, token in enumerate(tokens)
        if _is_looked_up(tokens, at, token.lower())
    ]


def _before_pin(message: str) -> str | None:
    """What is parsed before the search_path is pinned, with the SELECT that pins; None if none."""
    if PINNED in message:
        return message.partition(PINNED)[0]
    before, pin, rest = message.partition(_PINS)
    return before + pin + rest.partition(";")[0] if pin else None


def _is_looked_up(tokens: list[str], at: int, token: str) -> bool:
    before = tokens[at - 1].lower() if at else ""
    after = tokens[at + 1].lower() if at + 1 < len(tokens) else ""
    if token == "::":
        return after != "pg_catalog"
    if re.fullmatch(r"[-+*/<>=~!@#%^&|`?]+", token):
        named = before == "." and tokens[at - 2].lower() == "pg_catalog"
        everything = token == "*" and (before in {"select", "(", "."})
        setting = token == "=" and {"set", "local"} & {
            t.lower() for t in tokens[max(0, at - 3) : at]
        }
        return not (named or everything or setting)
    if token == "case":
        return after != "when"
    if token in _LOOKED_UP:
        return token != "in" or after == "("  # LOCK TABLE x IN SHARE MODE compares nothing
    called = after == "(" and re.fullmatch(r"[a-z_]\w*", token) is not None
    qualified = before == "." and tokens[at - 2].lower() == "pg_catalog"
    called = called and before != "as"  # a name for rows, with those of their columns
    return called and not qualified and token not in _NO_CALLS and token != "operator"
