"""Each kind of fact is read by a SELECT of its own and turned into a line: no half of it."""

import re

from headstart.fingerprint.catalog.catalog_rows import ROWS
from headstart.fingerprint.catalog.details import DETAILS
from headstart.fingerprint.catalog.rare_rows import RARE

BESIDE_FACTS = {"target", "unusable", "other"}
"""Rows that say what was read."""
OF_SEVERAL_ROWS = {"column", "sequence"}
"""Lines that columns.py puts together."""


def test_each_rare_kind_is_selected_under_its_own_name() -> None:
    for kind, select in RARE.items():
        assert re.match(rf"SELECT (\* FROM \(SELECT )?'{kind}'", select)


def test_every_kind_that_is_read_becomes_a_line_and_no_other_is_known() -> None:
    every = "\n".join([ROWS, *RARE.values()])
    selected = set(re.findall(r"^SELECT (?:\* FROM \(SELECT )?'(\w+)'", every, re.MULTILINE))
    computed = set(re.findall(r"THEN '(\w{2,})'|ELSE '(\w{2,})'", ROWS))
    assert selected - BESIDE_FACTS - OF_SEVERAL_ROWS <= DETAILS.keys()
    assert {name for pair in computed for name in pair if name} | selected >= DETAILS.keys()
