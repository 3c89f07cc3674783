"""Turn the catalog's rows into lines: one fact a line, the same on every server. Pure.

A line is KIND<TAB>OBJECT<TAB>NAME<TAB>DETAIL; what differs between servers, or after a dump and
restore, is removed here and in expressions.py. NORMAL_FORM counts up when a rule changes: a file of
another number says nothing about what is read today.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from headstart.fingerprint.catalog.columns import columns, own_sequences, sequence
from headstart.fingerprint.catalog.details import DETAILS, arguments
from headstart.fingerprint.catalog.names import escaped, qualified, quoted
from headstart.fingerprint.catalog.rows import Row

NORMAL_FORM = 1


@dataclass(frozen=True)
class Snapshot:
    """One reading of a schema.

    `lines` are its facts; `others` the relations outside of what was asked for; `schema` is the
    target schema, empty where there is none; `unusable` are schemas that the role may not use.
    """

    lines: frozenset[str]
    schema: str = ""
    others: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()


def snapshot_of(rows: Iterable[Row]) -> Snapshot:
    """Bring rows into the normal form."""
    by_kind: dict[str, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(str(row[0]), []).append(row)
    schema = next((str(row[2]) for row in by_kind.pop("target", ())), "")
    others = sorted(_object(row) for row in by_kind.pop("other", ()))
    unusable = sorted(str(row[2]) for row in by_kind.pop("unusable", ()))
    by_kind["column"] = [_relative(row, schema) for row in by_kind.get("column", ())]
    lines = {_line("column", row, detail) for row, detail in columns(by_kind)}
    lines.update(_line("sequence", row, sequence(row)) for row in own_sequences(by_kind))
    for kind in by_kind.keys() - {"column", "sequence"}:
        detail = DETAILS[kind]
        lines.update(_line(kind, row, detail(row)) for row in by_kind[kind])
    return Snapshot(frozenset(lines), schema, tuple(others), tuple(unusable))


def _relative(column: Row, schema: str) -> Row:
    """Of a type that is named like one of pg_catalog's the server prints the schema, too."""
    text = str(column[4])
    for prefix in (f"{quoted(schema)}.", f'"{schema}".') if "." in text else ():
        if text.startswith(prefix):
            return (*column[:4], text.removeprefix(prefix), *column[5:])
    return column


_NEVER_NULL = frozenset(
    {"column", "pk", "unique", "fk", "check", "exclude", "index", "trigger", "view", "matview"}
    | {"function"}
)


def is_torn(rows: Iterable[Row]) -> bool:
    """Whether something was changed while it was read.

    The functions that print see a newer catalog than the scan that calls them: of what is gone they
    print nothing, ??? for its type, or its number for its name.
    """
    for row in rows:
        kind, text = row[0], row[4]
        if text == "???" or (text is None and kind in _NEVER_NULL):
            return True
        if kind == "sequence" and str(text).isdigit():
            return True
        if kind == "column" and row[5] is None and str(row[6])[2:3] not in ("-", ""):
            return True  # generated, by an expression that is gone
    return False


def _object(row: Row) -> str:
    return escaped(qualified(str(row[1]), str(row[2])))


def _line(kind: str, row: Row, detail: str) -> str:
    name = str(row[3] or "")
    if kind == "function":
        name = f"({arguments(name)})"
    elif name:
        name = quoted(name)
    return f"{kind}\t{_object(row)}\t{escaped(name)}\t{escaped(detail)}"
