"""The detail of a fact, for each kind except columns and sequences. Pure."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping

from headstart.fingerprint.catalog.expressions import (
    normal_definition,
    normal_expression,
    normal_query,
)
from headstart.fingerprint.catalog.names import quoted
from headstart.fingerprint.catalog.rare_rows import RARE
from headstart.fingerprint.catalog.rows import Row
from headstart.patterns import pattern

_TABLE = {"r": "table", "p": "partitioned table", "f": "foreign table"}


def _table(row: Row) -> str:
    kind, persistence, secured, forced = tuple(str(row[4])[:4])
    parts = ["unlogged " * (persistence == "u") + _TABLE[kind]]
    if kind == "p":
        parts.append(f"by {normal_definition(str(row[5]))}")
    if kind == "f":
        parts.append(f"server {quoted(str(row[5]))}")
    if row[7]:
        parts.append(f"partition of {row[6]} {normal_definition(row[7])}")
    elif row[6]:
        parts.append(f"inherits {row[6]}")
    if secured == "R":
        parts.append("forced row level security" if forced == "F" else "row level security")
    return ", ".join(parts) + str(row[4])[4:]


def _view(row: Row) -> str:
    options = f"with ({row[5]}) " if row[5] else ""
    return options + normal_query(str(row[4]).strip().rstrip(";"))


_USING = pattern(r'(?:"(?:[^"]|"")*"|[^"])*? USING ')
_STORAGE = pattern(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")| WITH \((?:[^()']|'[^']*')*\)""")


def _index(row: Row) -> str:
    text = str(row[4])
    begin = _USING.match(text)
    rest = text[begin.end() :] if begin else text
    # storage parameters are no part of the form; a predicate comes after them
    unique, invalid = tuple(str(row[5]))
    if " WITH (" in rest:
        rest = _STORAGE.sub(lambda match: match[1] or "", rest)
    definition = normal_definition(rest)
    return "unique " * (unique == "U") + definition + " invalid" * (invalid == "I")


def _constraint(prefix: str) -> Callable[[Row], str]:
    def detail(row: Row) -> str:
        return normal_definition(str(row[4]).removeprefix(prefix)) + (row[5] or "")

    return detail


def _check(row: Row) -> str:
    text, ends = str(row[4]).removeprefix("CHECK "), []
    # these stand behind the condition, the last one first here
    for end in (" NOT ENFORCED", " NOT VALID", " NO INHERIT"):
        if text.endswith(end):
            text = text.removesuffix(end)
            ends.append(end.lower())
    return normal_expression(text) + "".join(reversed(ends)) + (row[5] or "")


_TRIGGER = pattern(
    r'CREATE (CONSTRAINT )?TRIGGER (?:"(?:[^"]|"")*"|\S+) (.*?) ON '
    r'(?:"(?:[^"]|"")*"|[^".\s]+)(?:\.(?:"(?:[^"]|"")*"|[^".\s]+))? (.*)',
    re.DOTALL,
)
_FIRES = {"D": " disabled", "R": " on replica", "A": " always"}
_RULE = pattern(
    r'CREATE RULE (?:"(?:[^"]|"")*"|\S+) AS\s+ON (\w+) TO '
    r'(?:"(?:[^"]|"")*"|[^".\s]+)(?:\.(?:"(?:[^"]|"")*"|[^".\s]+))?\s+(.*?);?\s*',
    re.DOTALL,
)


def _rule(row: Row) -> str:
    match = _RULE.fullmatch(str(row[4]))
    # without its name and its table, as a trigger
    text = f"ON {match[1]} {match[2]}" if match else str(row[4])
    return normal_definition(text) + _FIRES.get(str(row[5]), "")


_MEASURES = {"d": "ndistinct", "f": "dependencies", "m": "mcv"}


def _statistics(row: Row) -> str:
    columns = [str(row[5])] if row[5] else []
    expressions = sorted(f"({normal_expression(each)})" for each in json.loads(row[6] or "[]"))
    # what an expression alone has ("e") has every one that has expressions
    kinds = [_MEASURES[kind] for kind in sorted(str(row[4])) if kind in _MEASURES]
    parts = [f"({', '.join(kinds)})" if kinds else "", "on", ", ".join(columns + expressions)]
    parts += [f"in schema {quoted(row[7])}" if row[7] else ""]
    return " ".join(filter(None, parts))


def _published(row: Row) -> str:
    columns = f"({row[4]})" if row[4] else "all columns"
    return columns + (f" where ({normal_expression(row[5])})" if row[5] else "")


def _trigger(row: Row) -> str:
    match = _TRIGGER.fullmatch(str(row[4]))
    # without its name and its table, which are fields of the line
    text = f"{match[1] or ''}{match[2]} {match[3]}" if match else str(row[4])
    return normal_definition(text) + _FIRES.get(str(row[5]), "")


def _policy(row: Row) -> str:
    parts = [str(row[4]), f"to {row[5] or 'public'}"]
    for word, text in (("using", row[6]), ("with check", row[7])):
        if text is not None:
            parts.append(f"{word} ({normal_expression(text)})")
    return " ".join(parts)


def _type(row: Row) -> str:
    """An enum's labels, a domain's type and limits, a range's type."""
    parts = [str(row[4] or "")]
    if row[7]:
        parts.append(f"collate {quoted(row[7])}")
    if row[6] == "N":
        parts.append("not null")
    if row[5]:
        parts.append(f"default {normal_expression(row[5])}")
    return " ".join(parts)


_IN = pattern(r"(?<![^,] )(?<!\w)IN ")
"""What procedures print before an argument from 14 on."""


def arguments(text: str) -> str:
    """The arguments of a function."""
    return normal_definition(_IN.sub("", text))


_KINDS_OF_FUNCTION = {"f": "", "p": "procedure ", "w": "window "}
_VOLATILITY = {"i": " immutable", "s": " stable", "v": ""}
_PARALLEL = {"s": " parallel safe", "r": " parallel restricted", "u": ""}


def _function(row: Row) -> str:
    fields = [*str(row[6]).split(" ", 8), ""]
    language, kind, volatility, strict, definer, _, leakproof, parallel, settings = fields[:9]
    text = str(row[7])
    if language == "sql" and text.startswith(("BEGIN ATOMIC", "RETURN ")):
        text = normal_query(text)  # printed by the server, not kept as it was written
    detail = f"({arguments(str(row[4]))})"
    if row[5]:
        detail += f" returns {normal_definition(row[5])}"
    if kind == "a":
        return f"aggregate {detail}{_PARALLEL[parallel]} {text}"
    detail += f" language {language}{_VOLATILITY[volatility]}" + " strict" * (strict == "t")
    detail += " security definer" * (definer == "t") + " leakproof" * (leakproof == "t")
    detail += _PARALLEL[parallel] + (f" set {settings}" if settings else "")
    body = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{_KINDS_OF_FUNCTION[kind]}{detail} body {body}"


def _as_read(row: Row) -> str:
    return str(row[4])


DETAILS: Mapping[str, Callable[[Row], str]] = {
    **dict.fromkeys(RARE, _as_read),
    "published": _published,
    "rule": _rule,
    "statistics": _statistics,
    "table": _table,
    "view": _view,
    "matview": _view,
    "composite": lambda row: normal_definition(row[4] or ""),
    "pk": _constraint("PRIMARY KEY "),
    "unique": _constraint("UNIQUE "),
    "fk": _constraint("FOREIGN KEY "),
    "exclude": _constraint("EXCLUDE "),
    "check": _check,
    "index": _index,
    "trigger": _trigger,
    "policy": _policy,
    "enum": _type,
    "domain": _type,
    "range": _type,
    "function": _function,
    "extension": lambda _: "extension",
    "schema": lambda _: "schema",
}
