"""Stamp version rows: all in one transaction, and only such as Alembic itself would write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic.runtime.migration import StampStep

from headstart.facts.state import written
from headstart.revisions.naming import why_not_written
from headstart.revisions.project import Project
from headstart.revisions.reading import OwnConnection
from headstart.verdict.errors import Diverged, NotReady


def stamp_steps(
    project: Project,
    revisions: tuple[str, ...],
    heads: tuple[str, ...],
    context: Any,
    before: Callable[[OwnConnection], None],
) -> Iterator[Any]:
    """Alembic's steps that stamp `revisions`, which are committed when the last one is over.

    `before` may ask the connection that stamps, in its transaction, and raise.
    """
    if heads:
        raise NotReady(
            f"a version row appeared meanwhile: {', '.join(heads)}",
            next_step="run again; something else is changing the version rows of this database",
        )
    with _one_transaction(context):
        first, *others = project.directory._stamp_revs(revisions, heads)
        first.migration_fn = _asking(first.migration_fn, context, before)
        yield from (first, *others)
        _refuse_other_rows(project, frozenset(revisions), context.get_current_heads())


def replacing_steps(
    project: Project,
    old: tuple[str, ...],
    new: tuple[str, ...],
    context: Any,
    before: Callable[[OwnConnection], None],
) -> Iterator[Any]:
    """Alembic's step that puts one version row in the place of another, which no script has.

    Otherwise as stamp_steps.
    """
    heads = context.get_current_heads()
    if tuple(heads) != old:
        raise NotReady(
            f"the version rows are {', '.join(heads) or 'gone'} now, no longer {', '.join(old)}",
            next_step="run again; something else is changing the version rows of this database",
        )
    step: Any = StampStep(old, new, True, False, project.directory.revision_map)
    step.migration_fn = _asking(step.migration_fn, context, before)
    yield step


@contextmanager
def _one_transaction(context: Any) -> Iterator[None]:
    """Alembic would commit after each row, and who is killed in between has stamped a wrong state.

    Where env.py has begun a transaction for all revisions, the rows are in that one anyway.
    """
    if context._in_external_transaction or not context._transaction_per_migration:
        yield
        return
    connection = context.connection
    with connection.get_transaction() or connection.begin():
        context._in_external_transaction = True
        try:
            yield
        finally:
            context._in_external_transaction = False


def _asking(
    stamp: Callable[..., None], context: Any, before: Callable[[OwnConnection], None]
) -> Callable[..., None]:
    """Alembic calls a step's function in the transaction in which it writes the version row."""

    def ask_and_stamp(**options: Any) -> None:
        before(OwnConnection(context.connection))
        stamp(**options)

    return ask_and_stamp


def _refuse_other_rows(project: Project, wanted: frozenset[str], rows: tuple[str, ...]) -> None:
    """Raise Diverged, before the COMMIT, for rows from which Alembic would upgrade no further."""
    why = why_not_written(project, wanted)
    if why is None and sorted(rows) != sorted(wanted):
        why = f"the table has {written(rows)}"
    if why is not None:
        raise Diverged(
            f"{written(wanted)} cannot be stamped, for Alembic would not write these version rows:"
            f" {why}; nothing was stamped",
            next_step="report this; until then, stamp with the alembic command",
        )
