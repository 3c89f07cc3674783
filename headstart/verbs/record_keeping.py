"""What a run records of the revisions that it applies, and where; read with the version rows."""

from collections.abc import Mapping

from headstart.facts.applied_record import NoRecord, record_in
from headstart.facts.sql import identifier
from headstart.facts.state import DatabaseFacts, Scope
from headstart.revisions.recording import Recording
from headstart.settings.kinds import RecordKeeping
from headstart.verbs.inspection import Image
from headstart.verbs.task import Task
from headstart.verdict.events.revisions import RecordNotWritten


def recording_of(task: Task, image: Image, facts: DatabaseFacts, scope: Scope) -> Recording | None:
    """None where nothing is recorded, by a setting, or because the comment is not ours to change.

    Only for a run that has something to do: another one writes nothing.
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
        {each.revision: str(each.path) for each in image.project.scripts},
        _digests(image),
    )


def _digests(image: Image) -> Mapping[str, str]:
    """Those of the fingerprints file, which says nothing unless they are those of the scripts."""
    usable = image.fingerprints.usable
    steps = usable.steps if usable is not None else {}
    return {name: state.script for name, state in steps.items() if state.script}


def _table(facts: DatabaseFacts, scope: Scope) -> str:
    """The version table, also where Alembic has yet to make it."""
    if facts.version_column.exists:
        return facts.version_column.table
    schema = scope.version_schema or scope.schema
    return ".".join(map(identifier, filter(None, (schema, scope.version_table))))
