"""Events of looking at the database: version rows, state, proof, differences."""

from collections.abc import Mapping

from headstart.facts.state import State
from headstart.values import dataclass, replace
from headstart.verdict.errors import Explanation
from headstart.verdict.events.event import Level, RecordedEvent
from headstart.verdict.proof import Proof
from headstart.verdict.record import Record


@dataclass(frozen=True)
class VersionRowsRead(RecordedEvent):
    """The database is at these revisions now."""

    revisions: tuple[str, ...]

    def onto(self, record: Record) -> Record:
        return replace(record, to_revisions=self.revisions)


@dataclass(frozen=True)
class VersionRowsOutdated(RecordedEvent):
    """What was read of the version rows may have changed since, and is not known any more."""

    def onto(self, record: Record) -> Record:
        return replace(record, to_revisions=None)


@dataclass(frozen=True)
class StateDetected(RecordedEvent):
    """The state in which the database was, and the version rows, before anything was done."""

    state: State
    revisions: tuple[str, ...]

    def onto(self, record: Record) -> Record:
        return replace(record, state=self.state, from_revisions=self.revisions)


@dataclass(frozen=True)
class ComparisonStarted(RecordedEvent):
    """The verb diff has read the version rows of the schema that it compares."""

    revisions: tuple[str, ...]

    def onto(self, record: Record) -> Record:
        return replace(record, from_revisions=self.revisions, to_revisions=self.revisions)


@dataclass(frozen=True)
class ProofEstablished(RecordedEvent):
    """It is known what the verdict rests on, so far."""

    proof: Proof

    def onto(self, record: Record) -> Record:
        return replace(record, proof=self.proof)


@dataclass(frozen=True)
class Explained(RecordedEvent):
    """There is more to tell than the outcome: what a proof found, or the answer of a verb."""

    explanation: Explanation

    def onto(self, record: Record) -> Record:
        return record.explained_by(self.explanation)


@dataclass(frozen=True)
class ExplanationSuperseded(RecordedEvent):
    """An error says the same as the lines so far."""

    def onto(self, record: Record) -> Record:
        return replace(record, explanation=())


@dataclass(frozen=True)
class FingerprintsUnusable(RecordedEvent):
    """The file of fingerprints does not belong to the scripts, so nothing is proven by it."""

    level = Level.WARNING
    path: str
    cause: str

    def onto(self, record: Record) -> Record:
        # people have read the warning in the log
        sentence = f"{self.path} proves nothing: {self.cause}"
        return record.explained_by(Explanation((), {"fingerprints": sentence}))


@dataclass(frozen=True)
class MarksMisspelt(RecordedEvent):
    """Scripts bind names that are nearly those by which they would say something to headstart."""

    level = Level.WARNING
    causes: tuple[str, ...]

    def onto(self, record: Record) -> Record:
        return record.explained_by(Explanation(self.causes, {"misspelt": list(self.causes)}))


@dataclass(frozen=True)
class PlaceUncertain(RecordedEvent):
    """Nobody but env.py knows where the version rows are, and env.py was not run."""

    level = Level.WARNING
    cause: str

    def onto(self, record: Record) -> Record:
        return record.explained_by(Explanation((self.cause,), {"uncertain": self.cause}))


@dataclass(frozen=True)
class SchemaDrifted(RecordedEvent):
    """The schema is not what its version rows promise, which is no failure here."""

    level = Level.WARNING
    cause: str
    explanation: Explanation

    def onto(self, record: Record) -> Record:
        lines = (f"drifted: {self.cause}", *self.explanation.lines)
        return record.explained_by(Explanation(lines, self.explanation.fields))

    def fields(self) -> Mapping[str, object]:
        return {"cause": self.cause}


@dataclass(frozen=True)
class SchemaNotCompared(RecordedEvent):
    """The file of fingerprints has no state for these version rows."""

    level = Level.WARNING
    cause: str

    def onto(self, record: Record) -> Record:
        return record.explained_by(Explanation((self.cause,), {"not_compared": self.cause}))


@dataclass(frozen=True)
class WorkLeftBehind(RecordedEvent):
    """A failure left something in the database; `clause` ends the sentence of the next step."""

    clause: str

    def onto(self, record: Record) -> Record:
        return replace(record, left_behind=self.clause)
