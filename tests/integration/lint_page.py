"""docs/lint.md as a page with two tables, one row for each kind of change."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.integration.lint_cases import Case

_TABLE = re.compile(
    r"^\| the revision \| what is said \| .* \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", re.MULTILINE
)
NOTHING = "nothing"


def row_of(case: Case, answer: Mapping[str, Any]) -> str:
    """What `plan --lint --output json` says of a case, as a row."""
    said = _listed(f"`{each['rule']}` ({each['table']})" for each in answer["lint"])
    left_out = _listed(f"`{each['rule']}`: {each['why']}" for each in answer["lint_left_out"])
    return f"| {case.title} | {said} | {left_out} |"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts)) or NOTHING


def rows_of(page: str) -> dict[str, str]:
    """The rows of the page's tables, by their titles."""
    lines = "".join(_TABLE.findall(page)).splitlines()
    return {line.split(" | ", 1)[0].removeprefix("| "): line for line in lines}


def with_row(page: str, case: Case, row: str) -> str:
    """The page with this row in place of the one with its title, which has to be there."""
    return page.replace(rows_of(page)[case.title], row)
