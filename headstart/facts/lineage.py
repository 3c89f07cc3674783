"""How the revisions that an image does not have lead back to its own, by the record. Pure.

An example: the image has r1 and r2; the version row is r4, and the record was written with it.

    r3 ["r2"] "+"     r4 ["r3"] "?"      newer: r3, r4; they lead back to r2, which is our head

The author of a script may say whether code of before can run after it. The word stands behind
the entry's known fields: {"compatible": false}, or the oldest head whose code may, {.. "r2"}.
"""

from collections.abc import Iterable, Mapping

from headstart.facts.applied_record import BEGUN, COMPATIBLE, ROWS, AppliedEntry, AppliedRecord
from headstart.facts.state import History
from headstart.values import dataclass

HARMLESS_MARK, BREAKING_MARK = "+", "!"


@dataclass(frozen=True)
class Lineage:
    """The revisions that are newer than the image, newest last, as the record tells them.

    `is_whole`: each of them is in the record, down to revisions of ours. `lacking` are revisions of
    ours that are not among what they build on.
    """

    newer: tuple[AppliedEntry, ...]
    is_whole: bool
    lacking: tuple[str, ...] = ()

    def is_allowed(self, history: History) -> bool:
        """Whether an author says that code of our head may run after them.

        Of each one, or of some while the others are harmless as it was derived. Where all are
        derived, a doubt is none of theirs: it comes from a hand, and nobody has said yes to it.
        """
        ours = history.applied_with(history.targets)
        said = [_covers(each.said(COMPATIBLE), ours) for each in self.newer]
        harmless = [each.mark == HARMLESS_MARK for each in self.newer]
        each_fits = all(yes or mark for yes, mark in zip(said, harmless, strict=True))
        return self.is_whole and any(said) and each_fits

    def unproven_rows(self, history: History) -> tuple[str, ...]:
        """Those that may have changed rows in a way that no schema shows."""
        ours = history.applied_with(history.targets)
        return tuple(
            each.revision
            for each in self.newer
            if not _leaves_rows(each) and not _covers(each.said(COMPATIBLE), ours)
        )

    @property
    def image(self) -> str:
        """What applied the last of them."""
        return self.newer[-1].image if self.newer else ""


def lineage_of(record: object, rows: Iterable[str], history: History) -> Lineage | None:
    """The way back from these version rows; None where the record is not of them."""
    rows = tuple(rows)
    if not isinstance(record, AppliedRecord) or not record.is_current(rows):
        return None
    way = _way_back(record, rows, history)
    lacking = history.pending_after(way.reached) if way.is_whole else ()
    return Lineage(way.newer, way.is_whole, lacking)


def forbidden_by(record: object, rows: Iterable[str], history: History) -> str | None:
    """A revision that may be applied, after which, by its author's word, no code of before can run.

    A no outlives the record that it stands in: the alembic command changes the rows, and does not
    take it back. Where the way back has a gap, each no counts that is not of our own revisions. So
    does one that has only begun, and stands in no version row.
    """
    if not isinstance(record, AppliedRecord):
        return None
    way = _way_back(record, tuple(rows), history)
    ours = {*history.requirements, *(each for names in history.replaced.values() for each in names)}
    latest = (entry for entry in record.chain if way.entries[entry.revision] is entry)
    others = (entry for entry in latest if entry.revision not in ours)
    there = history.applied_with(way.reached) | {each.revision for each in way.newer}
    begun = (each for each in others if each.is_begun and there.issuperset(each.parents))
    found = (*way.newer, *begun) if way.is_whole else others
    return next((each.revision for each in found if each.forbids), None)


def words_of_begun() -> tuple[object, ...]:
    """What the entry of one carries that has begun, and says no."""
    return ({COMPATIBLE: False, BEGUN: True},)


def words_for(said: object, *, leaves_rows: bool = False) -> tuple[object, ...]:
    """What an entry carries behind its fields: the author's word, and that it left rows alone.

    A word is False, or the oldest head whose code may run.
    """
    words = ({} if said is None else {COMPATIBLE: said}) | ({ROWS: False} if leaves_rows else {})
    return (words,) if words else ()


@dataclass(frozen=True)
class _Way:
    """From version rows back to our revisions, through the latest entry of each."""

    entries: Mapping[str, AppliedEntry]
    newer: tuple[AppliedEntry, ...]
    reached: frozenset[str]
    is_whole: bool


def _way_back(record: AppliedRecord, rows: tuple[str, ...], history: History) -> _Way:
    entries = {each.revision: each for each in record.chain}
    found: dict[str, AppliedEntry] = {}
    todo, reached, whole = list(rows), set[str](), True
    while todo:
        revision = todo.pop()
        if revision in history.requirements:
            reached.add(revision)
        elif revision not in entries:
            whole = False
        elif revision not in found:
            found[revision] = entries[revision]
            todo += entries[revision].parents
    newer = tuple(each for each in record.chain if found.get(each.revision) is each)
    return _Way(entries, newer, frozenset(reached), whole)


def _leaves_rows(entry: AppliedEntry) -> bool:
    return entry.mark == HARMLESS_MARK or entry.said(ROWS) is False


def _covers(word: object, ours: frozenset[str]) -> bool:
    """Whether the word says that code of our head may run: it is that oldest head, or later."""
    return isinstance(word, str) and bool(word) and set(word.split("+")) <= ours
