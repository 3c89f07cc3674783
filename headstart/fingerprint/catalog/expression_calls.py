"""Write the calls that PostgreSQL 14 to 18 print in the syntax of SQL as 13 prints them.

Pure: see expressions.py. A call is given by its items, which are normalized; a comma is part of the
item before it, and so are the brackets behind IN and PASSING.
"""

from collections.abc import Callable

_SEPARATORS = {"FROM", "FOR", "PLACING", "SIMILAR", "ESCAPE"}
_TRIMS = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}

OPERATORS = frozenset({"AT TIME ZONE", "AT LOCAL", "OVERLAPS", "NORMALIZED"})
"""The operators made of words that other versions print as calls."""


def operator_call(items: list[str]) -> str:
    """Return the call that one of OPERATORS stands for; nothing if there is none of them."""
    if "AT TIME ZONE" in items:
        at = items.index("AT TIME ZONE")
        return f"timezone({' '.join(items[at + 1 :])}, {' '.join(items[:at])})"
    if items[-1:] == ["AT LOCAL"]:
        return f"timezone({' '.join(items[:-1])})"
    if items[-1:] == ["NORMALIZED"]:
        at = items.index("IS")
        form = f", '{items[-2].lower()}'" if at < len(items) - 2 else ""
        return f"is_normalized({' '.join(items[:at])}{form})"
    if items[1:2] == ["OVERLAPS"]:
        return f"overlaps({items[0][1:-1]}, {items[2][1:-1]})"
    return ""


def _extract(items: list[str]) -> str:
    at = items.index("FROM")
    return f"date_part('{' '.join(items[:at])}', {' '.join(items[at + 1 :])})"


def _trim(items: list[str]) -> str:
    at = items.index("FROM")
    what = f", {' '.join(items[1:at])}" if at > 1 else ""
    return f"{_TRIMS[items[0]]}({' '.join(items[at + 1 :])}{what})"


def _position(items: list[str]) -> str:
    return f"position({items[-1].removeprefix('IN (')[:-1]}, {' '.join(items[:-1])})"


def _xmlexists(items: list[str]) -> str:
    return f"xmlexists({' '.join(items[:-1])}, {items[-1].removeprefix('PASSING (')[:-1]})"


def _xmlserialize(items: list[str]) -> str:
    """Drop the default, which is printed from 16 on."""
    return f"XMLSERIALIZE({' '.join(items).removesuffix(' NO INDENT')})"


def _normalize(items: list[str]) -> str:
    *text, form = items
    if not text or text[-1][-1] != ",":
        return f"normalize({' '.join(items)})"
    return f"normalize({' '.join(text)} '{form.lower()}')"


def _separated(name: str) -> Callable[[list[str]], str]:
    """Make the rewriter of a call that has keywords between its arguments."""

    def rewrite(items: list[str]) -> str:
        text = "".join("," if item in _SEPARATORS else f" {item}" for item in items)
        return f"{name}({text[1:]})"

    return rewrite


CALLS: dict[str, Callable[[list[str]], str]] = {
    "EXTRACT": _extract,
    "TRIM": _trim,
    "POSITION": _position,
    "NORMALIZE": _normalize,
    "XMLEXISTS": _xmlexists,
    "XMLSERIALIZE": _xmlserialize,
    "SUBSTRING": _separated("substring"),
    "OVERLAY": _separated("overlay"),
    "COLLATION FOR": _separated("pg_collation_for"),
}
"""What is written like a function, by its name, with what makes the function's call of it."""
