"""Events of INVALID indexes: what a run drops, or cannot drop, so that a revision builds it."""

from collections.abc import Mapping

from headstart.values import dataclass, replace
from headstart.verdict.errors import Explanation
from headstart.verdict.events.event import Event, Level, RecordedEvent
from headstart.verdict.record import DroppedIndex, Record


@dataclass(frozen=True)
class IndexDropBlocked(Event):
    """An INVALID index that a revision builds could not be dropped: others hold its table.

    The fields are those of RevisionBlocked; the next attempt follows when these are gone.
    """

    level = Level.WARNING
    index: str
    table: str
    revision: str
    attempt: int
    lock_timeout_seconds: float
    waits: tuple[str, ...]
    blockers: tuple[Mapping[str, object], ...]


@dataclass(frozen=True)
class IndexDropped(RecordedEvent):
    """An INVALID index that a revision builds was dropped, for `cause`."""

    level = Level.WARNING
    index: str
    table: str
    revision: str
    cause: str

    def onto(self, record: Record) -> Record:
        dropped = DroppedIndex(self.index, self.table, self.revision)
        line = f"dropped index {self.index} of table {self.table}: {self.cause}"
        told = record.explained_by(Explanation((line,)))
        return replace(told, dropped_indexes=(*told.dropped_indexes, dropped))


@dataclass(frozen=True)
class IndexNotRebuilt(RecordedEvent):
    """An index that was dropped is not there again, though its revision was applied."""

    level = Level.WARNING
    index: str
    table: str
    revision: str

    def fields(self) -> Mapping[str, object]:
        return {**vars(self), "next_step": _BUILD_IT}

    def onto(self, record: Record) -> Record:
        line = (
            f"index {self.index} of table {self.table} was INVALID and dropped, and revision"
            f" {self.revision} did not build it again: {_BUILD_IT}"
        )
        told = record.explained_by(Explanation((line,)))
        lost = DroppedIndex(self.index, self.table, self.revision)
        dropped = tuple(
            replace(each, rebuilt=False) if each == lost else each for each in told.dropped_indexes
        )
        return replace(told, dropped_indexes=dropped)


_BUILD_IT = (
    "look whether it stands there under another name with another definition, as a script may have"
    " renamed it; else, if it is needed, build it in a new revision, or by hand (CREATE INDEX"
    " CONCURRENTLY); otherwise nothing is to be done"
)
