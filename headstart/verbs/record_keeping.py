"""What a run records of the revisions that it applies, and where; read with the version rows."""

from collections.abc import Callable, Collection, Mapping

from headstart.decision.plan import Baseline, Upgrade
from headstart.facts.applied_record import MOST_ENTRIES, UNKNOWN_MARK, NoRecord, record_in
from headstart.facts.lineage import HARMLESS_MARK, words_for
from headstart.facts.sql import identifier
from headstart.facts.state import DatabaseFacts, History, Scope
from headstart.revisions.authors_word import word_of
from headstart.revisions.recording import Recording
from headstart.settings.kinds import RecordKeeping
from headstart.values import dataclass
from headstart.verbs.inspection import Image
from headstart.verbs.task import Task
from headstart.verdict.events.revisions import RecordNotWritten


def recording_of(
    task: Task, image: Image, facts: DatabaseFacts, scope: Scope, plan: Upgrade | Baseline
) -> Recording | None:
    """None where nothing is recorded, by a setting, or because the comment is not ours to change.

    Only for a run that has something to do: another one writes nothing. Raises BrokenHistory for a
    script that says something unclear of older code.
    """
    table, before = _table(facts, scope), record_in(facts.version_column.comment)
    words = _words(image, plan.pending)
    forbidding = tuple(sorted(each for each, word in words.items() if word is False))
    if task.settings.record is RecordKeeping.OFF:
        if forbidding:
            task.emit(RecordNotWritten(table, "HEADSTART_RECORD=off", forbidding))
        return None
    if isinstance(before, NoRecord):
        task.emit(RecordNotWritten(table, f"{before.value}, and stays", forbidding))
        return None
    marks = _marks(image, plan.pending)
    instead = isinstance(plan, Baseline) and plan.instead_of
    return Recording(
        table,
        before,
        # what everybody may read holds no password, whatever an image is called
        str(task.secrets.mask(task.settings.image_revision or "")),
        _parents(image.history),
        {script.revision: script for script in image.project.scripts},
        marks.mark_of,
        lambda revision: words_for(words.get(revision), leaves_rows=marks.leaves_rows(revision)),
        # the schema was proven to be that of before, and no row is touched
        HARMLESS_MARK if instead else UNKNOWN_MARK,
        forbidding,
    )


@dataclass(frozen=True)
class _Marks:
    """What is derived of revisions: only of the last ones, which are those that stay."""

    mark_of: Callable[[str], str] = lambda _: UNKNOWN_MARK
    leaves_rows: Callable[[str], bool] = lambda _: False


def _marks(image: Image, pending: tuple[str, ...]) -> _Marks:
    usable, kept = image.fingerprints.usable, frozenset(pending[-MOST_ENTRIES:])
    if usable is None:
        return _Marks()
    from headstart.fingerprint.newer import marks  # not loaded where nothing is applied

    return _Marks(
        lambda revision: marks.mark_of(usable, revision) if revision in kept else UNKNOWN_MARK,
        lambda revision: revision in kept and marks.leaves_rows(usable, revision),
    )


def _parents(history: History) -> Mapping[str, Collection[str]]:
    """What each revision needs. The base of a squashed history stands for what it replaces."""
    replaced = {base: (names[-1],) for base, names in history.replaced.items()}
    return {**history.requirements, **replaced}


def _words(image: Image, pending: tuple[str, ...]) -> Mapping[str, str | bool | None]:
    wanted, parents = frozenset(pending), _parents(image.history)
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
