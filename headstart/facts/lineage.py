"""How the revisions that an image does not have lead back to its own, by the record. Pure.

An example: the image has r1 and r2; the version row is r4, and the record was written with it.

    r3 ["r2"] "+"     r4 ["r3"] "?"      newer: r3, r4; they lead back to r2, which is our head

The author of a script may say whether code of before can run after it. The word stands behind
the entry's known fields: {"compatible": false}, or the oldest head whose code may, {.. "r2"}.
"""

from collections.abc import Iterable, Mapping

from headstart.facts.applied_record import AppliedEntry, AppliedRecord
from headstart.facts.state import History
from headstart.values import dataclass

HARMLESS_MARK, BREAKING_MARK = "+", "!"
_WORD = "compatible"


@dataclass(frozen=True)
class Lineage:
    """The revisions that are newer than the image, newest last, as the record tells them.

    `is_whole`: each of them is in the record, down to revisions of ours. `lacking` are revisions of
    ours that are not among what they build on.
    """

    newer: tuple[AppliedEntry, ...]
    is_whole: bool
    lacking: tuple[str, ...] = ()

    @property
    def forbidden(self) -> str | None:
        """The first one after which, by its author's word, no code of before can run."""
        return next((each.revision for each in self.newer if _word_of(each) is False), None)

    def is_allowed(self, history: History) -> bool:
        """Whether each one is harmless as it was derived, or as its author says."""
        ours = history.applied_with(history.targets)
        return self.is_whole and all(
            each.mark == HARMLESS_MARK or _covers(_word_of(each), ours) for each in self.newer
        )

    def unproven_rows(self, history: History) -> tuple[str, ...]:
        """Those that may have changed rows in a way that no schema shows."""
        ours = history.applied_with(history.targets)
        return tuple(
            each.revision
            for each in self.newer
            if each.mark not in {HARMLESS_MARK, BREAKING_MARK} and not _covers(_word_of(each), ours)
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
    return Lineage(newer, whole, history.pending_after(reached) if whole else ())


def words_for(said: object) -> tuple[object, ...]:
    """An author's word as an entry carries it: False, or the oldest head whose code may run."""
    return () if said is None else ({_WORD: said},)


def _word_of(entry: AppliedEntry) -> object:
    for each in entry.more:
        if isinstance(each, Mapping) and _WORD in each:
            return each[_WORD]
    return None


def _covers(word: object, ours: frozenset[str]) -> bool:
    """Whether the word says that code of our head may run: it is that oldest head, or later."""
    return isinstance(word, str) and bool(word) and set(word.split("+")) <= ours
