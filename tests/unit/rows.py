"""Rows as query.py gives them, written with bars, "~" for NULL, and what they become.

A row is kind, schema, object, name, a, b, c, d; what is left out at the end is NULL, too.
"""

import json

from headstart.fingerprint.catalog.normal_form import snapshot_of
from headstart.fingerprint.catalog.rows import Row


def row(text: str) -> Row:
    """One row: of a column that is a table's, of a sequence with its owner as the query has it."""
    fields = [None if each == "~" else each.replace("@", "\t") for each in text.split("|")]
    fields += [None] * (8 - len(fields))
    if fields[0] == "column":
        fields[6] = f"{fields[6]}r"
    if fields[0] == "sequence" and fields[6]:
        fields[6] = json.dumps(fields[6].split("\t"))
    return fields


def form(*rows: str) -> list[str]:
    """Lines, with bars for tabs."""
    lines = snapshot_of([row(each) for each in rows]).lines
    assert all(line.count("\t") == 3 for line in lines)
    return sorted(line.replace("\t", "|") for line in lines)
