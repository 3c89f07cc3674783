"""What a run records of the revisions that it applies, and where; read with the version rows."""

from collections.abc import Callable, Mapping

from headstart.facts.applied_record import MOST_ENTRIES, UNKNOWN_MARK, NoRecord, record_in
from headstart.facts.sql import identifier
from headstart.facts.state import DatabaseFacts, Scope
from headstart.revisions.authors_word import word_of
from headstart.revisions.recording import Recording
from headstart.settings.kinds import RecordKeeping
from headstart.verbs.inspection import Image
from headstart.verbs.task import Task
from headstart.verdict.events.revisions import RecordNotWritten


def recording_of(
    task: Task, image: Image, facts: DatabaseFacts, scope: Scope, pending: tuple[str, ...]
) -> Recording | None:
    """None where nothing is recorded, by a setting, or because the comment is not ours to change.

    Only for a run that has something to do: another one writes nothing. Raises BrokenHistory for a
    script that says something unclear of older code.
    """
    if task.settings.record is RecordKeeping.OFF:
        return None
    table, before = _table(facts, scope), record_in(facts.version_column.comment)
    if isinstance(before, NoRecord):
        task.emit(RecordNotWritten(table, f"{before.value}, and stays"))
        return None
    return Recording(
        table,
        before,
        # what everybody may read holds no password, whatever an image is called
        str(task.secrets.mask(task.settings.image_revision or "")),
        image.history.requirements,
        {script.revision: script for script in image.project.scripts},
        _marks(image, pending),
        _words(image, pending).get,
    )


def _marks(image: Image, pending: tuple[str, ...]) -> Callable[[str], str]:
    """Only of the last ones, which are those that stay in the record."""
    usable, kept = image.fingerprints.usable, frozenset(pending[-MOST_ENTRIES:])
    if usable is None:
        return lambda _: UNKNOWN_MARK
    from headstart.fingerprint.newer.marks import mark_of  # not loaded where nothing is applied

    return lambda revision: mark_of(usable, revision) if revision in kept else UNKNOWN_MARK


def _words(image: Image, pending: tuple[str, ...]) -> Mapping[str, str | bool | None]:
    wanted, parents = frozenset(pending), image.history.requirements
    return {
        each.revision: word_of(each, parents[each.revision])
        for each in image.project.scripts
        if each.revision in wanted
    }


def _table(facts: DatabaseFacts, scope: Scope) -> str:
    """The version table, also where Alembic has yet to make it."""
    if facts.version_column.exists:
        return facts.version_column.table
    schema = scope.version_schema or scope.schema
    return ".".join(map(identifier, filter(None, (schema, scope.version_table))))
