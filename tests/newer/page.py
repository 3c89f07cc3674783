"""docs/rolling-back-proof.md: each change, what is said of it, and what fails of the app."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.newer.change import Answer, Change
from tests.newer.proof import Proof
from tests.newer.statements import STATEMENTS

PAGE = Path(__file__).parents[2] / "docs" / "rolling-back-proof.md"
_HEAD = """\
# The proof of rolling back

What [Rolling back](rolling-back.md) calls harmless has been tried: {count} changes of a schema,
each on a database of its own, on which an app of the version before executes its {statements}
statements, by SQLAlchemy with psycopg2 and with asyncpg: single and bulk INSERT, RETURNING,
upserts, joins, UPDATE, DELETE of rows that others refer to, COPY, calls of functions, views. What
it gets has to be what it got before.

| answer | changes | something fails |
|---|---|---|
{counts}

A yes after which something fails would be a mistake of headstart's. A no after which nothing fails
has its reason in the last column. A doubt is one because the schema does not tell: often nothing
fails. Many of the changes were chosen to hurt: they look harmless.

[tests/newer](../tests/newer) has the schema, the statements and the changes; `make test-newer`
plays them, on Postgres 18, and one in five on 16. `python -m tests.newer` writes this page.

## Each change

| change | answer | why | what fails |
|---|---|---|---|
"""


def page(rows: Iterable[str]) -> str:
    """The whole page."""
    lines = list(rows)
    cells = [line.strip("| ").split(" | ") for line in lines]
    counts = Counter(each[1] for each in cells)
    failing = Counter(each[1] for each in cells if each[-1].startswith("`"))
    table = "\n".join(f"| {each} | {counts[each]} | {failing[each]} |" for each in Answer)
    head = _HEAD.format(count=len(lines), statements=len(STATEMENTS), counts=table)
    return head + "".join(f"{line}\n" for line in lines)


def row(change: Change, proof: Proof) -> str:
    """A line of the table."""
    failed = [name if name in STATEMENTS else "a statement for this" for name in proof.failed]
    shown = ", ".join(f"`{each}`" for each in list(dict.fromkeys(failed))[:2])
    more = f" and {len(failed) - 2} more" if len(failed) > 2 else ""
    said = [each for each in proof.sentences if change.says in each] or [""]
    why = said[0].replace("|", "\\|").replace("\n", " ")
    what = shown + more if failed else change.unshown or "nothing"
    return f"| {change.name} | {proof.answer} | {why or 'harmless'} | {what} |"
