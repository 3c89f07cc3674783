"""A revision's id that the version table cannot hold: known before the first revision runs. Pure.

Else the revisions before it are committed, and it fails as Alembic writes its row.
"""

from collections.abc import Iterable

from headstart.verdict.errors import BrokenHistory

ALEMBICS_WIDTH = 32
"""Characters of version_num where Alembic makes it. Source: DefaultImpl.version_table_impl."""


def first_too_long(ids: Iterable[str], width: int | None) -> str | None:
    """The first id that is longer than the column; None is a column without a limit."""
    if width is None:
        return None
    return next((each for each in ids if len(each) > width), None)


def refusal_of_long_id(revision: str, width: int, table: str) -> BrokenHistory:
    """The refusal of such a revision, which says all that is to be known of it."""
    return BrokenHistory(
        f"the id of revision {revision!r} has {len(revision)} characters, and version_num of the"
        f" version table {table} takes {width}: nothing was applied",
        next_step=cure_of_long_id(revision, table),
    )


def cure_of_long_id(revision: str, table: str) -> str:
    """What to do about an id that does not fit into the table's column."""
    return (
        f"give the revision a shorter id, or make the column wider: ALTER TABLE {table} ALTER"
        f" version_num TYPE varchar({max(len(revision), 128)}), where there is no table yet in"
        f" env.py, before context.configure(): CREATE TABLE IF NOT EXISTS {table} (version_num"
        f" varchar({max(len(revision), 128)}) PRIMARY KEY)"
    )
