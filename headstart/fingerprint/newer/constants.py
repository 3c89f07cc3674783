"""Whether a constant is a value of a type. Pure.

The server checks a constant when it makes the expression, but not what an assignment makes of it
later: `smallint DEFAULT 70000` refuses each row, and so does `date DEFAULT ('x'::text)::date`, of
which the normal form drops the cast to text. Of what is not known to be one the answer is no.
"""

import json
from datetime import date, datetime
from decimal import Decimal

from headstart.fingerprint.newer.schema import Schema, written
from headstart.patterns import pattern

_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_FLOATS = frozenset({"real", "double precision"})
_NUMBER = pattern(r"-?\d+(?:\.\d+)?")
_NUMERIC = pattern(r"numeric(?:\((\d+),(\d+)\))?")
_LITERAL = pattern(r"'((?:[^'\\]|'')*)'", 16)  # re.DOTALL
_TEXT = pattern(r"text|character varying(?:\(\d+\))?|character\(\d+\)")
_LENGTH = pattern(r"\((\d+)\)")
_UUID = pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INTERVAL = pattern(
    r"(?:-?\d{1,6} years? ?)?(?:-?\d{1,6} mons? ?)?(?:-?\d{1,6} days? ?)?"
    r"(?:-?\d{1,6}:[0-5]\d(?::[0-5]\d)?)?"
)
"""As the server prints it: it takes no unit twice."""
_TIMES = pattern(r"timestamp(?:\(\d\))? (?:without|with) time zone")
_DAY = pattern(r"\d{4}-\d\d-\d\d")
_MOMENT = pattern(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::\d\d)?)?)?"
)
_SIMPLE_ARRAY = pattern(r"\{([^{}\\\"']*)\}")


def is_valid(constant: str, kind: str, schema: Schema) -> bool:
    """Whether the type takes this number or literal, as a value that is assigned or cast to it."""
    kind = kind.strip()
    if _NUMBER.fullmatch(constant):
        return _is_number_of(constant, kind)
    match = _LITERAL.fullmatch(constant)
    if match is None:
        return False
    text = match[1].replace("''", "'")
    if kind.endswith("[]"):
        return text == "{}" or (kind == "text[]" and _is_simple_array(text))
    if _TEXT.fullmatch(kind):
        return _fits(text, kind)
    labels = schema.facts.get(("enum", written(kind), ""))
    if labels is not None:
        return match[0] in labels.detail.split(", ")
    return _is_text_of(text, kind)


def _fits(text: str, kind: str) -> bool:
    limit = _LENGTH.search(kind)
    return limit is None or len(text) <= int(limit[1])


def _is_simple_array(text: str) -> bool:
    array = _SIMPLE_ARRAY.fullmatch(text)
    return array is not None and all(each.strip() for each in array[1].split(","))


def _is_number_of(text: str, kind: str) -> bool:
    if kind in _RANGES:
        # half a number is rounded, and the lowest one of a type is left out
        return abs(Decimal(text)) < _RANGES[kind] - 1
    if kind in _FLOATS:
        return len(text) < 30
    if numeric := _NUMERIC.fullmatch(kind):
        if numeric[1] is None:
            return True
        digits = int(numeric[1]) - int(numeric[2])
        most = Decimal(10) ** digits - Decimal(10) ** -int(numeric[2])
        return abs(Decimal(text)) <= most
    return _TEXT.fullmatch(kind) is not None and _fits(text, kind)


_DEEPEST = 500
"""Brackets in JSON: a server takes thousands within each other, some Pythons any number."""


def _is_text_of(text: str, kind: str) -> bool:
    try:
        if kind == "date":
            return _DAY.fullmatch(text) is not None and date.fromisoformat(text) is not None
        if _TIMES.fullmatch(kind):
            return _MOMENT.fullmatch(text) is not None and datetime.fromisoformat(text) is not None
        if kind in {"json", "jsonb"}:
            if text.count("[") + text.count("{") > _DEEPEST:
                return False
            json.loads(text, parse_constant=_refuse, parse_float=_refuse)
            return "\\u" not in text
    except ValueError:
        return False
    if kind == "uuid":
        return _UUID.fullmatch(text) is not None
    return kind == "interval" and bool(text) and _INTERVAL.fullmatch(text) is not None


def _refuse(constant: str) -> object:
    """Neither NaN nor a number that may be too big."""
    raise ValueError(constant)
