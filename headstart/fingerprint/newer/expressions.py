"""What an expression that a server printed may do, as far as its text tells. Pure.

Only what is known to be so is said; of anything else the answer is no. An own function, operator
or cast may have the name of one of the server's: what stands on such a name is not known.
"""

from collections.abc import Container, Iterator, Mapping
from itertools import pairwise

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.fingerprint.newer.constants import is_valid
from headstart.fingerprint.newer.schema import Column, Schema, bare, is_without_equality
from headstart.patterns import pattern
from headstart.values import dataclass

LITERAL = pattern(r"[eEbBxX]?'.*|-?[0-9].*", 16)  # re.DOTALL
_TEXT = pattern(r"text|character varying(?:\(\d+\))?|character(?:\(\d+\))?")
_TEXT_CAST = pattern(r"::\s*(?:text|character varying(?:\(\d+\))?|varchar)(?:\[\])*", 2)
_SAFE_FUNCTIONS = frozenset({"lower", "upper", "btrim", "md5", "coalesce", "initcap", "reverse"})
_SAFE_WORDS = frozenset(
    {"is", "null", "not", "and", "or", "true", "false", "any", "array", "in", "distinct", "from"}
)
_BRACKETS = frozenset({"(", ")", ",", "[", "]"})
_COMPARING = frozenset({"=", "<>", "<", ">", "<=", ">="})
_PROPAGATING_WORDS = frozenset({"and", "not", "any", "array", "all", "or"})
_PROPAGATING_SYMBOLS = _COMPARING | {
    "+", "-", "*", "/", "%", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "@>", "<@", "&&",
}  # fmt: skip
_PROPAGATING_FUNCTIONS = frozenset(
    {"lower", "upper", "btrim", "length", "char_length", "octet_length", "abs", "cardinality"}
)


@dataclass(frozen=True)
class Ground:
    """What an expression stands on: the columns of its table, and what the database has made."""

    columns: Mapping[str, Column]
    schema: Schema

    @property
    def functions(self) -> frozenset[str]:
        """The names of own functions."""
        return frozenset(map(bare, self.schema.functions))

    @property
    def operators(self) -> frozenset[str]:
        """The names of own operators."""
        return frozenset(bare(each.thing) for each in self.schema.of_kind("operator"))

    @property
    def has_casts(self) -> bool:
        """Whether any cast is an own one."""
        return bool(self.schema.of_kind("cast"))


def names_a_column(parts: list[str], at: int, columns: Container[str]) -> bool:
    """Whether a token is a column; before a bracket it is the function of that name."""
    return parts[at] in columns and parts[at + 1 : at + 2] != ["("]


def cannot_fail(expression: str, ground: Ground) -> bool:
    """Whether an expression over these columns gives a value for each row."""
    parts = tokens(expression)
    if ground.has_casts or not ground.operators.isdisjoint(parts):
        return False
    symbols = set(_BRACKETS)
    symbols |= _COMPARING if _is_comparable(parts, ground) else set()
    symbols |= {"||"} if _is_of_texts(parts, ground) else set()
    functions = _SAFE_FUNCTIONS - ground.functions
    for at, token in enumerate(parts):
        word = token.lower()
        if names_a_column(parts, at, ground.columns) or word in _SAFE_WORDS or token in symbols:
            continue
        if LITERAL.fullmatch(token) or _TEXT_CAST.fullmatch(token):
            continue
        if token.startswith("::") and at and is_valid(parts[at - 1], token[2:], ground.schema):
            continue
        if word in functions and parts[at + 1 : at + 2] == ["("]:
            continue
        return False
    return True


def is_never_null(expression: str, ground: Ground) -> bool:
    """Whether an expression that cannot fail is not NULL in any row."""
    parts = tokens(expression)
    named = [ground.columns[each] for each in parts if each in ground.columns]
    return "null" not in map(str.lower, parts) and all(each.required for each in named)


def is_unknown_of_null(expression: str, ground: Ground) -> bool:
    """Whether a condition is not false where all of these columns are NULL, and names no others.

    With nothing in it that makes something else than NULL of NULL, each comparison with one of
    them is NULL, and of AND, OR and NOT no combination of NULLs is false.
    """
    known, parts = ground.columns, tokens(expression)
    if not any(token in known for token in parts) or _has_empty_array(parts):
        return False
    if ground.has_casts or not ground.operators.isdisjoint(parts) or _in_an_array(parts, known):
        return False
    functions = _PROPAGATING_FUNCTIONS - ground.functions
    for at, token in enumerate(parts):
        word = token.lower()
        if names_a_column(parts, at, known) or word in _PROPAGATING_WORDS:
            continue
        if LITERAL.fullmatch(token):
            continue
        if token in _PROPAGATING_SYMBOLS or token in _BRACKETS:
            continue
        if token.startswith("::") and _is_servers_own(token[2:], ground, parts[at - 1]):
            continue
        if word in functions and parts[at + 1 : at + 2] == ["("]:
            continue
        return False
    return all(any(each in known for each in tokens(part)) for part in _terms(expression))


def _is_of_texts(parts: list[str], ground: Ground) -> bool:
    """Whether all columns hold texts, of which any two can be joined."""
    return all(
        _TEXT.fullmatch(ground.columns[each].type) for each in parts if each in ground.columns
    )


def _is_comparable(parts: list[str], ground: Ground) -> bool:
    """Whether all columns have an equality: arrays of json are compared until there is one."""
    named = [ground.columns[each] for each in parts if each in ground.columns]
    return not any(is_without_equality(each, ground.schema) for each in named)


def _is_servers_own(cast: str, ground: Ground, before: str) -> bool:
    """Whether a cast gives NULL of NULL, which one to a domain may refuse."""
    if LITERAL.fullmatch(before):
        return is_valid(before, cast, ground.schema)
    name = cast.strip().split("(")[0].removesuffix("[]")
    return "." not in name and bare(name) not in map(bare, ground.schema.types)


def _has_empty_array(parts: list[str]) -> bool:
    """Nothing is equal to any of none: false, even of NULL."""
    return "'{}'" in parts or any(pair == ("[", "]") for pair in pairwise(parts))


def _in_an_array(parts: list[str], columns: Mapping[str, Column]) -> bool:
    """Whether a column is an element: ARRAY[NULL] is no NULL."""
    depth = 0
    for part in parts:
        depth += (part == "[") - (part == "]")
        if depth and part in columns:
            return True
    return False


_AND_OR = pattern(r"\s(?:AND|OR)\s", 2)


def _terms(expression: str) -> Iterator[str]:
    """The parts between AND and OR; one without a column may be false whatever the columns are."""
    return (part for part in _AND_OR.split(expression) if part.strip("() "))
