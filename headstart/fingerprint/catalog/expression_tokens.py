"""The tokens of printed SQL, names without needless quotes. Pure: see expressions.py."""

import re

from headstart.fingerprint.catalog.lexer import NAME, NUMBER, OPERATOR, lexed, token_pattern
from headstart.patterns import pattern

_TYPE = rf"""(?: character \s+ varying | double \s+ precision | bit \s+ varying
  | time(?:stamp)? \s* (?:\(\d+\))? \s* with(?:out)? \s+ time \s+ zone
  | interval \s+ (?:year|month|day|hour|minute|second)\b
    (?: \s+ to \s+ (?:month|hour|minute|second)\b )?
  | {NAME}(?:\.{NAME})* ) (?: \s* \([^()]*\))? (?:\[\])*"""
_PATTERN = token_pattern(
    rf"::\s*{_TYPE}",
    r"(?:AT\s+(?:TIME\s+ZONE|LOCAL)|COLLATION\s+FOR|DISTINCT\s+ON)\b",
    rf"OPERATOR\((?:{NAME}\.)*{OPERATOR}\)",
    rf"{NAME}(?:\.(?:{NAME}|\*))*",  # a keyword, or a name and its qualifiers
    rf"\.(?:{NAME}|\*)",  # the field of what is before it
    rf"-?{NUMBER}",
    OPERATOR,
)
_PART = pattern(rf"{NAME}|\*")
_QUOTED = pattern(r'"(?:([a-z_][a-z0-9_$]*)"(?!")|[^"]*(?:""[^"]*)*")')
_STAYS_QUOTED = {
    "true", "false", "bigint", "boolean", "char", "character", "integer", "real", "smallint",
}  # fmt: skip
"""Without quotes these are not names: constants, and types that pg_type names otherwise."""

_QUERY = {"SELECT", "VALUES", "WITH"}
_SET_OPERATIONS = {"UNION", "INTERSECT", "EXCEPT"}
_AFTER_FROM = {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH"}


def tokens(text: str) -> list[str]:
    """Split the text; a cast, a qualified name and AT TIME ZONE are one token each."""
    parts = [token for _, token in lexed(_PATTERN, text)]
    if '"' not in text and "  " not in text and "\n" not in text:
        return parts
    return [_canonical(token) for token in parts]


def _canonical(token: str) -> str:
    if token[-1] == "'":
        return token
    if '"' in token:
        return _QUOTED.sub(_unquoted, token)
    return " ".join(token.split())


def _unquoted(match: re.Match[str]) -> str:
    simple: str | None = match[1]
    return match[0] if simple is None or simple in _STAYS_QUOTED else simple


def unqualified(query: list[str]) -> list[str]:
    """Drop the qualifier of the columns of a query that reads one relation, as 16 and later do.

    Those in its subqueries keep it, on each server.
    """
    depths = _depths(query)
    start, end = _from_clause(query, depths)
    relation = _only_relation(query[start:end], depths[start:end])
    if not relation:
        return query
    column = re.compile(rf"{re.escape(relation)}\.({NAME})")
    stripped = list(query)
    for index in _outside_subqueries(query):
        match = column.fullmatch(query[index])
        if match and not start <= index < end and _is_column(query, index):
            stripped[index] = match[1]
    return stripped


def _is_column(query: list[str], index: int) -> bool:
    return query[index + 1 : index + 2] != ["("] and query[index - 1] != "COLLATE"


def _outside_subqueries(query: list[str]) -> list[int]:
    positions: list[int] = []
    opened: list[bool] = []
    subqueries = 0
    for index, part in enumerate(query):
        if part in "([":
            opened.append(query[index + 1] in _QUERY)
            subqueries += opened[-1]
        elif part in ")]":
            subqueries -= opened.pop()
        elif not subqueries:
            positions.append(index)
    return positions


def _depths(query: list[str]) -> list[int]:
    """How many brackets are open at each token; a bracket itself is outside of what it opens."""
    depths: list[int] = []
    depth = 0
    for part in query:
        depth -= part in ")]"
        depths.append(depth)
        depth += part in "(["
    return depths


def _from_clause(query: list[str], depths: list[int]) -> tuple[int, int]:
    """Find the FROM clause of the outermost query: an empty one if it has none or several."""
    outer = [index for index, depth in enumerate(depths) if depth == 0]
    start = next((index for index in outer if query[index] == "FROM"), None)
    if start is None or any(query[index] in _SET_OPERATIONS for index in outer):
        return 0, 0
    end = next((i for i in outer if i > start and query[i] in _AFTER_FROM), len(query))
    return start, end


def _only_relation(clause: list[str], depths: list[int]) -> str:
    """Return what the columns of a FROM clause are qualified by, if that is just one name."""
    outer = [token for token, depth in zip(clause, depths, strict=True) if depth == 0]
    grouped = clause[1:2] == ["("]
    within = {token for token, depth in zip(clause, depths, strict=True) if depth <= grouped}
    if "JOIN" in within or "," in outer:
        return ""
    if "TABLESAMPLE" in outer:
        outer = outer[: outer.index("TABLESAMPLE")]
    names = [token for token in outer if token[0] in '"_' or token[0].islower()]
    return _PART.findall(names[-1])[-1] if names else ""
