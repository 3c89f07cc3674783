"""The details of columns and sequences, without what CREATE TABLE makes by itself. Pure."""

import json
import re
from collections.abc import Iterator, Mapping

from headstart.fingerprint.catalog.expressions import normal_expression
from headstart.fingerprint.catalog.names import qualified, quoted
from headstart.fingerprint.catalog.rows import Row

_Owner = tuple[str, str, str]
"""Schema, table and column that a sequence belongs to."""

_VIEWS = ("v", "m")
_NUMBERS = ("double precision", "numeric")
"""The type of EXTRACT up to 13, and from 14 on: one and the same in a column of a view."""

_MAX_NAME_BYTES = 63
"""NAMEDATALEN - 1 of PostgreSQL."""


def columns(by_kind: Mapping[str, list[Row]]) -> Iterator[tuple[Row, str]]:
    sequences = {_owner(row): row for row in by_kind.get("sequence", ()) if row[6]}
    for row in by_kind.get("column", ()):
        own = sequences.get((str(row[1]), str(row[2]), str(row[3]))) if sequences else None
        yield row, _column(row, own)


def own_sequences(by_kind: Mapping[str, list[Row]]) -> Iterator[Row]:
    """The sequences that are not already part of a column, as its serial or identity."""
    defaults = {
        (str(row[1]), str(row[2]), str(row[3])): row[5] for row in by_kind.get("column", ())
    }
    for row in by_kind.get("sequence", ()):
        # an owned sequence is a serial only if it is the default of its column
        serial = bool(row[6]) and defaults.get(_owner(row)) == _nextval(row)
        if row[3] != "i" and not serial:
            yield (*row[:3], "", *row[4:])


def _owner(sequence: Row) -> _Owner:
    schema, table, column = json.loads(str(sequence[6]))
    return schema, table, column


def _nextval(sequence: Row) -> str:
    literal = str(sequence[4]).replace("'", "''")
    return f"nextval('{literal}'::regclass)"


def _column(row: Row, sequence: Row | None) -> str:
    required, identity, generated, of = tuple(str(row[6]))
    parts = [str(row[4])]
    if of in _VIEWS and row[4] in _NUMBERS:
        parts = ["number"]
    if row[7]:
        parts.append(f"collate {quoted(row[7])}")
    if required == "N":
        parts.append("not null")
    default = row[5]
    if sequence is not None and identity != "-" and sequence[3] == "i":
        kind = "always" if identity == "a" else "by default"
        parts.append(f"identity {kind}{_unusual(sequence)}")
    elif sequence is not None and default == _nextval(sequence):
        parts.append(f"serial{_unusual(sequence)}")
    # for the catalog what a generated column is generated from is a default, too
    elif default is not None and generated != "-":
        stored = "stored" if generated == "s" else "virtual"
        parts.append(f"generated ({normal_expression(default)}) {stored}")
    elif default is not None:
        parts.append(f"default {normal_expression(default)}")
    return " ".join(parts)


def _unusual(sequence: Row) -> str:
    """How an owned sequence differs from the one that CREATE TABLE would make."""
    schema, table, column = _owner(sequence)
    usual = re.escape(_sequence_name(table, column))
    # the server adds a number if the name is taken, which depends on what else is there
    differing = [] if re.fullmatch(rf"{usual}\d*", str(sequence[2])) else [_named(sequence, schema)]
    differing += _parameters(str(sequence[5]))
    return f" ({', '.join(differing)})" if differing else ""


def _named(sequence: Row, schema: str) -> str:
    own, name = str(sequence[1]), str(sequence[2])
    return f"name {quoted(name) if own == schema else qualified(own, name)}"


def _sequence_name(table: str, column: str) -> str:
    """The name that PostgreSQL chooses. Source: makeObjectName() in its indexcmds.c."""
    one, two = table.encode(), column.encode()
    while len(one) + len(two) + len("__seq") > _MAX_NAME_BYTES:
        one, two = (one[:-1], two) if len(one) > len(two) else (one, two[:-1])
    return f"{one.decode(errors='ignore')}_{two.decode(errors='ignore')}_seq"


_LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def _parameters(text: str) -> list[str]:
    """The parameters of a sequence that are not the defaults of its data type."""
    kind, increment, least, most, start, cache, cycle = text.rsplit(" ", 6)
    limit = _LIMITS.get(kind, 0)
    up = int(increment) > 0
    usual_least, usual_most = (1, limit - 1) if up else (-limit, -1)
    usual = {
        "increment": (increment, "1"),
        "minvalue": (least, str(usual_least)),
        "maxvalue": (most, str(usual_most)),
        "start": (start, least if up else most),
        "cache": (cache, "1"),
        "cycle": (cycle, "f"),
    }
    return [f"{name} {value}" for name, (value, expected) in usual.items() if value != expected]


def sequence(row: Row) -> str:
    parts = [str(row[5]).rsplit(" ", 6)[0], *_parameters(str(row[5]))]
    if row[6]:
        schema, table, column = _owner(row)
        parts.append(f"owned by {qualified(schema, table)}.{quoted(column)}")
    return ", ".join(parts)
