"""Events of a fleet: its targets, how far it is, what came of it."""

from collections.abc import Mapping

from headstart.values import dataclass, replace
from headstart.verdict.events.event import Event, Level, RecordedEvent
from headstart.verdict.events.execution import RunFinished
from headstart.verdict.record import Record


@dataclass(frozen=True)
class FleetStarted(Event):
    """The targets are known; `connections` is how many a fleet of these jobs holds at most."""

    targets: int
    shard: str
    jobs: int
    connections: int


@dataclass(frozen=True)
class TargetsAsked(Event):
    """Their databases were asked, before any process: `proven` are as a run has left them."""

    targets: int
    proven: int
    seconds: float


@dataclass(frozen=True)
class TargetsNotAsked(Event):
    """They could not be asked, or not all of them: those that were not get a process each."""

    level = Level.WARNING
    cause: str


@dataclass(frozen=True)
class TargetsTryOnce(Event):
    """A target has waited in vain for its server: the next ones of that server try once."""

    level = Level.WARNING
    target: str
    seconds: float


@dataclass(frozen=True)
class CanaryAwaited(Event):
    """What comes before all others is another shard's, and is not ready yet."""

    pending: tuple[str, ...]
    retry_in_seconds: float


@dataclass(frozen=True)
class TargetEvent(Event):
    """An event of a target's own run, under its own name, with the target."""

    target: str
    said_at: Level
    said: Mapping[str, object]

    @property
    def logged_at(self) -> Level:
        """As the target's log has it."""
        return self.said_at

    def fields(self) -> Mapping[str, object]:
        """Those of the event, its name and time among them; the target before what it says."""
        head = ("timestamp", "event", "run_id")
        first = {name: self.said[name] for name in head if name in self.said}
        return {**first, "target": self.target, **self.said}


@dataclass(frozen=True)
class TargetFinished(Event):
    """The verdict of a target."""

    target: str
    verdict: Mapping[str, object]

    @property
    def logged_at(self) -> Level:
        """An error where it is not ready."""
        return Level.ERROR if self.verdict["exit_code"] else Level.INFO

    def fields(self) -> Mapping[str, object]:
        """Those of the verdict, and the target."""
        return {"target": self.target, **self.verdict}


@dataclass(frozen=True)
class FleetProgress(Event):
    """How far a fleet is; `left` have not started, `remaining_seconds` at the rate so far."""

    targets: int
    done: int
    failed: int
    running: int
    left: int
    rate_per_second: float
    remaining_seconds: float | None


@dataclass(frozen=True)
class TargetsMoved(Event):
    """Targets have started or ended; for the line on a terminal alone.

    `names` are at work, the oldest first: none once all have ended. `is_ending`: no other starts.
    """

    level = None
    progress: FleetProgress
    names: tuple[str, ...]
    is_ending: bool


@dataclass(frozen=True)
class ReportNotWritten(Event):
    """The file of HEADSTART_REPORT takes no more; the run goes on."""

    level = Level.WARNING
    path: str
    cause: str


@dataclass(frozen=True)
class FleetSummarized(RecordedEvent):
    """What came of all targets, for the verdict: `summary` its fields, `lines` for a terminal."""

    summary: Mapping[str, object]
    lines: tuple[str, ...]

    def onto(self, record: Record) -> Record:
        """The record with these fields."""
        fields = {**record.fields, **self.summary}
        return replace(record, fields=fields, explanation=(*record.explanation, *self.lines))


@dataclass(frozen=True)
class FleetFinished(RunFinished):
    """The verdict of a fleet, as its fields."""
