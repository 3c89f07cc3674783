"""A revision's id that the version table cannot hold: known before the first revision runs. Pure.

Else the revisions before it are committed, and it fails as Alembic writes its row.
"""

from collections.abc import Iterable, Iterator

from headstart.facts.state import VersionColumn
from headstart.verdict.errors import BrokenHistory

_WIDE = 128


def refusal_of_long_id(
    stamped: Iterable[str], pending: Iterable[str], column: VersionColumn
) -> BrokenHistory | None:
    """The refusal of the first revision whose row would not fit; None where all do.

    What may make the column wider is no reason to refuse what comes after it, nor itself.
    """
    for revision in stamped:
        if _is_too_long(revision, column):
            return _refusal(revision, column)
    return next(refusals_of_long_ids(pending, column), None)


def refusals_of_long_ids(pending: Iterable[str], column: VersionColumn) -> Iterator[BrokenHistory]:
    """The refusal of each revision whose row would not fit, up to what may make it wider."""
    for revision in pending:
        if revision in column.widened_by:
            return
        if _is_too_long(revision, column):
            yield _refusal(revision, column)


def has_long_id(revisions: Iterable[str], column: VersionColumn) -> bool:
    """Whether any of these does not fit as the column is."""
    return any(_is_too_long(revision, column) for revision in revisions)


def cure_of_long_id(revision: str, table: str, *, exists: bool = True) -> str:
    """What to do about an id that does not fit into the table's column."""
    kind = f"varchar({max(len(revision), _WIDE)})"
    wider = (
        f"make the column wider: ALTER TABLE {table} ALTER version_num TYPE {kind}"
        if exists
        else f"make the table with a wider column: CREATE TABLE {table} (version_num {kind}"
        " PRIMARY KEY)"
    )
    return f"give the revision a shorter id, or {wider}; then run again"


def _is_too_long(revision: str, column: VersionColumn) -> bool:
    return column.width is not None and len(revision) > column.width


def _refusal(revision: str, column: VersionColumn) -> BrokenHistory:
    takes = "takes" if column.exists else "will take"
    return BrokenHistory(
        f"the id of revision {revision!r} has {len(revision)} characters, but version_num of the"
        f" version table {column.table} {takes} {column.width}",
        next_step=cure_of_long_id(revision, column.table, exists=column.exists),
    )
