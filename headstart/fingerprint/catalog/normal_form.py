r"""Turn the catalog's rows into lines: one fact a line, the same on every server. Pure.

A line is KIND<TAB>OBJECT<TAB>NAME<TAB>DETAIL; what differs between servers, or after a dump and
restore, is removed here and in expressions.py. NORMAL_FORM counts up when a rule changes: a file of
another number says nothing about what is read today.

An example: `CREATE TABLE jobs (id serial PRIMARY KEY)`, for which query.py reads five rows.

    >>> rows = [
    ...     ("target", "", "public", "", None, None, None, None),
    ...     ("table", "", "jobs", "", "rp--", None, None, None),
    ...     ("column", "", "jobs", "id", "integer", "nextval('jobs_id_seq'::regclass)",
    ...      "N--r", None),
    ...     ("sequence", "", "jobs_id_seq", "a", "jobs_id_seq", "integer 1 1 2147483647 1 1 f",
    ...      '["", "jobs", "id"]', None),
    ...     ("pk", "", "jobs", "jobs_pkey", "PRIMARY KEY (id)", None, None, None),
    ... ]
    >>> for line in sorted(snapshot_of(rows).lines):
    ...     print(line.replace("\t", " | "))
    column | jobs | id | integer not null serial
    pk | jobs | jobs_pkey | (id)
    table | jobs |  | table

The target schema is the empty one in every line, so that a schema of another name compares equal.
The sequence has no line of its own: it is named and counts as a serial's does, so `serial` in the
column's line says all of it (columns.py). The other kinds have a rule each (details.py).
"""

from collections.abc import Iterable

from headstart.fingerprint.catalog.columns import columns, own_sequences, sequence
from headstart.fingerprint.catalog.details import DETAILS, arguments
from headstart.fingerprint.catalog.names import escaped, qualified, quoted
from headstart.fingerprint.catalog.rows import Row
from headstart.values import dataclass

NORMAL_FORM = 2


@dataclass(frozen=True)
class Snapshot:
    """One reading of a schema.

    `lines` are its facts; `others` are the relations that were not asked for; `schema` is the
    target schema, empty if there is none; `unusable` are schemas that the role may not use.
    """

    lines: frozenset[str]
    schema: str = ""
    others: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()


def snapshot_of(rows: Iterable[Row]) -> Snapshot:
    """Bring rows into the normal form."""
    # all rows first: a column's line depends on its sequence, and the query gives them in any order
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
    """Drop the target schema from a column's type.

    The search_path has the target schema, so the server prints it only where the type has the name
    of one in pg_catalog; in a schema of another name that line would differ.
    """
    text = str(column[4])
    for prefix in (f"{quoted(schema)}.", f'"{schema}".') if "." in text else ():
        if text.startswith(prefix):
            return (*column[:4], text.removeprefix(prefix), *column[5:])
    return column


# what these kinds have in `a` is printed by a function, which gives NULL for an object that is gone
_NEVER_NULL = frozenset(
    {"column", "pk", "unique", "fk", "check", "exclude", "index", "trigger", "view", "matview"}
    | {"function", "rule"}
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
            return True  # regclass of an object that is gone
        if kind == "column" and row[5] is None and str(row[6])[2:3] not in ("-", ""):
            return True  # generated, by an expression that is gone
    return False


def _object(row: Row) -> str:
    return escaped(qualified(str(row[1]), str(row[2])))


def _line(kind: str, row: Row, detail: str) -> str:
    name = str(row[3] or "")
    if kind in ("function", "operator"):
        name = f"({arguments(name)})"
    elif name:
        name = quoted(name)
    return f"{kind}\t{_object(row)}\t{escaped(name)}\t{escaped(detail)}"
