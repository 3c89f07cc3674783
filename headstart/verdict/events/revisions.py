"""Events of the work: env.py, the plan, each revision."""

from collections.abc import Mapping
from typing import ClassVar

from headstart.facts.state import State
from headstart.values import dataclass, replace
from headstart.verdict.events.event import Event, Level, RecordedEvent
from headstart.verdict.held_locks import HeldLocks
from headstart.verdict.progress import Progress
from headstart.verdict.proof import Proof
from headstart.verdict.record import Applied, Record


@dataclass(frozen=True)
class EnvConfigured(Event):
    """What env.py configures; `own_limits` are the time limits that it has set itself."""

    transactions: str
    driver: str
    pooled: bool
    own_limits: tuple[str, ...]
    schema: str | None
    role: str | None
    version_table: str


@dataclass(frozen=True)
class PlanMade(Event):
    """What a run is about to do; `revisions` and `proof` are those of a baseline."""

    state: State
    plan: str
    revisions: tuple[str, ...] | None = None
    proof: Proof | None = None

    def fields(self) -> Mapping[str, object]:
        plan = {"state": self.state.value, "plan": self.plan}
        if self.revisions is None or self.proof is None:
            return plan
        return {**plan, "revisions": self.revisions, "proof": self.proof.value}


@dataclass(frozen=True)
class BaselineStamped(Event):
    """The version rows of a baseline were written, and committed."""

    revisions: tuple[str, ...]


@dataclass(frozen=True)
class RevisionStarted(Event):
    """A revision begins; `number` is which one of how many."""

    revision: str
    number: str
    description: str


@dataclass(frozen=True)
class EnvRunning(Event):
    """env.py still runs, outside its revisions; `waits` says for whom, in words.

    `progress` is how far a long command is, where the server counts.
    """

    seconds: float
    waits: tuple[str, ...] = ()
    progress: Progress | None = None

    def fields(self) -> Mapping[str, object]:
        return _with_progress(vars(self), self.progress)


@dataclass(frozen=True)
class RevisionRunning(Event):
    """A revision still runs, after so many seconds; `waits` says for whom, in words.

    `progress` is how far a long command is, where the server counts.
    """

    revision: str
    seconds: float
    waits: tuple[str, ...] = ()
    progress: Progress | None = None

    def fields(self) -> Mapping[str, object]:
        return _with_progress(vars(self), self.progress)


def _with_progress(fields: Mapping[str, object], progress: Progress | None) -> Mapping[str, object]:
    """The fields, and nothing of a progress that there is not."""
    others = {name: value for name, value in fields.items() if name != "progress"}
    return others if progress is None else {**others, "progress": progress.fields()}


@dataclass(frozen=True)
class ProgressSeen(Event):
    """How far a long command was between two heartbeats; for the line on a terminal alone."""

    level = None
    progress: Progress | None


@dataclass(frozen=True)
class RevisionBlocked(Event):
    """An attempt to run a revision was kept from a lock, and rolled back; it is to be tried again.

    `attempt` counts from 1; `waits` says for whom, in words, and `blockers` the same in fields.
    """

    level = Level.WARNING
    revision: str
    attempt: int
    lock_timeout_seconds: float
    waits: tuple[str, ...]
    blockers: tuple[Mapping[str, object], ...]


@dataclass(frozen=True)
class AttemptBegun(RecordedEvent):
    """A revision that was blocked is tried again; `attempt` counts from 1."""

    revision: str
    attempt: int

    def onto(self, record: Record) -> Record:
        attempts = {**record.lock_attempts, self.revision: self.attempt}
        return replace(record, lock_attempts=attempts)


@dataclass(frozen=True)
class BlockerEnded(Event):
    """A session that was idle in its transaction was ended, as HEADSTART_END_BLOCKERS allows."""

    level = Level.WARNING
    pid: int
    session: str


@dataclass(frozen=True)
class WaitsSeen(RecordedEvent):
    """For whom env.py's connections wait now, in words; not for another one of the same run."""

    waits: tuple[str, ...]

    def onto(self, record: Record) -> Record:
        return replace(record, waits=self.waits)


@dataclass(frozen=True)
class RevisionApplied(RecordedEvent):
    """A revision was committed; `seconds` is what it took.

    `held` is what its transaction held until then; None for all but the last one of a transaction,
    and where nobody asked.
    """

    level = Level.INFO
    revision: str
    seconds: float
    held: HeldLocks | None = None

    def fields(self) -> Mapping[str, object]:
        held = {} if self.held is None else self.held.fields()
        return {"revision": self.revision, "seconds": self.seconds, **held}

    def onto(self, record: Record) -> Record:
        step = Applied(self.revision, self.seconds, self.held)
        return replace(record, applied=record.applied.followed_by(step), waits=())


@dataclass(frozen=True)
class LocksHeldLong(Event):
    """A revision held its locks for longer than `limit_seconds`: whoever needed them waited."""

    level = Level.WARNING
    revision: str
    held: HeldLocks
    limit_seconds: float

    def fields(self) -> Mapping[str, object]:
        limit = {"limit_seconds": self.limit_seconds}
        return {"revision": self.revision, **self.held.fields(), **limit}


@dataclass(frozen=True)
class RecordNotWritten(Event):
    """What was applied is not recorded in the comment on the version table; the run goes on.

    `lost` are the revisions of which older images will not hear that they must not run after them.
    """

    level = Level.WARNING
    table: str
    cause: str
    lost: tuple[str, ...] = ()

    def fields(self) -> Mapping[str, object]:
        found = {"table": self.table, "cause": self.cause}
        if not self.lost:
            return found
        names = ", ".join(self.lost)
        return {**found, "lost": f"no older image will know that it must not run after {names}"}


@dataclass(frozen=True)
class RevisionReplayed(Event):
    """A revision was committed in a scratch database, which is nothing that a verdict counts."""

    slug: ClassVar[str] = RevisionApplied.slug
    revision: str
    seconds: float


@dataclass(frozen=True)
class RevisionPartlyApplied(RecordedEvent):
    """A revision failed after it had committed a part of its work, or may have: not `certain`."""

    revision: str
    certain: bool = True

    def onto(self, record: Record) -> Record:
        certain = self.certain
        return replace(record, partly_applied=self.revision, partly_applied_surely=certain)


@dataclass(frozen=True)
class TransactionLeft(RecordedEvent):
    """A revision goes on outside the transaction that it began in: some of it may stay."""

    revision: str

    def onto(self, record: Record) -> Record:
        return replace(record, left_transaction=self.revision)
