"""What an expression that a server printed may do, as far as its text tells. Pure.

Only what is known to be so is said; of anything else the answer is no.
"""

from collections.abc import Iterable
from itertools import pairwise

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.patterns import pattern

_LITERAL = pattern(r"[eEbBxX]?'.*|-?[0-9].*", 16)  # re.DOTALL
_TEXT_CAST = pattern(r"::\s*(?:text|character varying(?:\(\d+\))?|varchar)(?:\[\])*", 2)
_SAFE_FUNCTIONS = frozenset({"lower", "upper", "btrim", "md5", "coalesce", "initcap", "reverse"})
_SAFE_WORDS = frozenset(
    {"is", "null", "not", "and", "or", "true", "false", "any", "array", "in", "distinct", "from"}
)
_SAFE_SYMBOLS = frozenset({"(", ")", ",", "=", "<>", "<", ">", "<=", ">=", "||", "[", "]"})
_PROPAGATING_WORDS = frozenset({"and", "not", "null", "true", "false", "any", "array", "all", "or"})
_PROPAGATING_SYMBOLS = _SAFE_SYMBOLS | {
    "+", "-", "*", "/", "%", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "@>", "<@", "&&",
}  # fmt: skip
_PROPAGATING_FUNCTIONS = frozenset(
    {"lower", "upper", "btrim", "length", "char_length", "octet_length", "abs", "cardinality"}
)
_PLAIN_DEFAULT_WORDS = frozenset(
    {"true", "false", "null", "array", "current_timestamp", "current_date", "current_user"}
    | {"localtimestamp", "session_user"}
)
_PLAIN_DEFAULT_FUNCTIONS = frozenset(
    {"now", "gen_random_uuid", "clock_timestamp", "statement_timestamp", "transaction_timestamp"}
    | {"timezone", "uuidv7", "uuidv4", "random"}
)


def names_in(expression: str, columns: Iterable[str]) -> frozenset[str]:
    """The columns that an expression names."""
    words = set(tokens(expression))
    return frozenset(name for name in columns if name in words)


def cannot_fail(expression: str, columns: Iterable[str]) -> bool:
    """Whether an expression over these columns gives a value for each row."""
    known, parts = frozenset(columns), tokens(expression)
    for at, token in enumerate(parts):
        word = token.lower()
        if token in known or word in _SAFE_WORDS or token in _SAFE_SYMBOLS:
            continue
        if _LITERAL.fullmatch(token) or _TEXT_CAST.fullmatch(token):
            continue
        if token.startswith("::") and at and _LITERAL.fullmatch(parts[at - 1]):
            continue  # a constant has been converted when the expression was made
        if word in _SAFE_FUNCTIONS and parts[at + 1 : at + 2] == ["("]:
            continue
        return False
    return True


def is_unknown_of_null(expression: str, columns: Iterable[str]) -> bool:
    """Whether a condition is not false where all of these columns are NULL, and names no others.

    With nothing in it that makes something else than NULL of NULL, each comparison with one of
    them is NULL, and of AND, OR and NOT no combination of NULLs is false.
    """
    known, parts = frozenset(columns), tokens(expression)
    if not any(token in known for token in parts) or _has_empty_array(parts):
        return False
    for at, token in enumerate(parts):
        word = token.lower()
        if token in known or word in _PROPAGATING_WORDS - {"true", "false", "null"}:
            continue
        if token in _PROPAGATING_SYMBOLS or token.startswith("::") or _LITERAL.fullmatch(token):
            continue
        if word in _PROPAGATING_FUNCTIONS and parts[at + 1 : at + 2] == ["("]:
            continue
        return False
    return all(any(each in known for each in tokens(part)) for part in _terms(expression))


def is_plain_default(expression: str) -> bool:
    """Whether a default is a constant, or one of the server's functions that cannot fail."""
    parts = tokens(expression)
    for at, token in enumerate(parts):
        word = token.lower()
        if _LITERAL.fullmatch(token) or token.startswith("::") or word in _PLAIN_DEFAULT_WORDS:
            continue
        if word in _PLAIN_DEFAULT_FUNCTIONS and parts[at + 1 : at + 2] == ["("]:
            continue
        if token in {"(", ")", ",", "[", "]", "-"}:
            continue
        return False
    return True


def _has_empty_array(parts: list[str]) -> bool:
    """Nothing is equal to any of none: false, even of NULL."""
    return "'{}'" in parts or any(pair == ("[", "]") for pair in pairwise(parts))


_AND_OR = pattern(r"\s(?:AND|OR)\s", 2)


def _terms(expression: str) -> list[str]:
    """The parts between AND and OR; one without a column may be false whatever the columns are."""
    return [part for part in _AND_OR.split(expression) if part.strip("() ")]
