"""Whether a check takes the constant that each row of the old code gets. Pure.

qty integer DEFAULT 0         CHECK (qty >= 0)                        it does
status text DEFAULT 'new'     CHECK (status IN ('new', 'done'))       it does
status text DEFAULT 'other'   CHECK (status IN ('new', 'done'))       it does not
status text DEFAULT 'new'     CHECK (is_known(status))                nobody knows
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.fingerprint.newer.defaults import gives_a_value
from headstart.fingerprint.newer.schema import Column, Pair
from headstart.patterns import pattern

_NUMBER = pattern(r"-?\d{1,18}(?:\.\d{1,9})?", 256)  # re.ASCII
_WHOLE = pattern(r"-?\d{1,18}", 256)
"""Of another number the type may keep less."""
_NUMBERS = pattern(r"smallint|integer|bigint|numeric(?:\(\d+,\d+\))?")
_TEXTS = pattern(r"text|character varying(?:\(\d+\))?")
_TEXT = pattern(r"'(?:[^'\\]|'')*'", 16)  # re.DOTALL
_AS_TEXT = pattern(r"::\s*(?:text|character varying)(?:\[\])?")
_COMPARED: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}


def takes(check: str, name: str, pair: Pair, column: Column) -> bool | None:
    """Whether a check of this column alone is true of its default; None where nobody knows."""
    constant = _constant(pair, column)
    if constant is None or pair.after.of_kind("cast") or pair.after.of_kind("operator"):
        return None
    # what is left has AND between its terms at most, and brackets mean nothing then
    parts = [each for each in tokens(check) if each not in "()" and not _AS_TEXT.fullmatch(each)]
    answers = [_is_true(term, name, constant) for term in _terms(parts)]
    if False in answers:
        return False
    return None if None in answers else True


def _constant(pair: Pair, column: Column) -> str | None:
    if column.default is None or column.collation or not gives_a_value(pair, column):
        return None
    first, *casts = tokens(column.default)
    if not all(map(_AS_TEXT.fullmatch, casts)):
        return None
    if _NUMBERS.fullmatch(column.type) and _WHOLE.fullmatch(first):
        return first
    return first if _TEXTS.fullmatch(column.type) and _TEXT.fullmatch(first) else None


def _terms(parts: list[str]) -> list[list[str]]:
    terms: list[list[str]] = [[]]
    for each in parts:
        if each == "AND":
            terms.append([])
        else:
            terms[-1].append(each)
    return terms


def _is_true(term: list[str], name: str, constant: str) -> bool | None:
    match term:
        case [one, sign, other] if one == name and sign in _COMPARED:
            if _NUMBER.fullmatch(constant) and _NUMBER.fullmatch(other):
                return _COMPARED[sign](Decimal(constant), Decimal(other))
            if sign in {"=", "<>"} and _TEXT.fullmatch(other) and _TEXT.fullmatch(constant):
                return (constant == other) == (sign == "=")
        case [one, "=", "ANY", "ARRAY", "[", *listed, "]"] if one == name:
            known = _NUMBER if _NUMBER.fullmatch(constant) else _TEXT
            if all(map(known.fullmatch, listed[::2])) and set(listed[1::2]) <= {","}:
                return constant in listed[::2]
    return None
