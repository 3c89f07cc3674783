"""Events of an execution itself: how it began, what it printed, how it ended."""

from collections.abc import Mapping

from headstart.values import dataclass, replace
from headstart.verdict.events.event import Event, Level, RecordedEvent
from headstart.verdict.record import Record


@dataclass(frozen=True)
class ExecutionStarted(RecordedEvent):
    """An execution has begun; its settings are not read yet."""

    run_id: str
    headstart_version: str
    image_revision: str | None

    def onto(self, record: Record) -> Record:
        return replace(
            record,
            run_id=self.run_id,
            headstart_version=self.headstart_version,
            image_revision=self.image_revision,
        )


@dataclass(frozen=True)
class SettingsRead(RecordedEvent):
    """The settings hold no mistake; `alembic_ini` is an absolute path."""

    alembic_ini: str
    image_revision: str | None

    def onto(self, record: Record) -> Record:
        return replace(record, alembic_ini=self.alembic_ini, image_revision=self.image_revision)


@dataclass(frozen=True)
class SettingsWarned(Event):
    """Something in the settings was ignored or put right."""

    level = Level.WARNING
    warning: str


@dataclass(frozen=True)
class OutputPrinted(Event):
    """One line that env.py or a revision printed; `source` is stdout or stderr."""

    source: str
    text: str


@dataclass(frozen=True)
class LibraryLogged(Event):
    """What Alembic, SQLAlchemy or a script logged; `logged_level` is the level that it chose."""

    level = Level.DEBUG
    logger: str
    logged_level: str
    text: str

    @property
    def logged_at(self) -> Level:
        return Level.WARNING if self.logged_level in {"warning", "error"} else Level.DEBUG


@dataclass(frozen=True)
class ExitWorkAbandoned(Event):
    """What the app does at its exit did not end in time; `threads` are those that still run."""

    level = Level.WARNING
    waited_seconds: float
    threads: tuple[str, ...]


@dataclass(frozen=True)
class LogLeftOut(Event):
    """Nobody read the log for so long that these lines are missing; now it is read again."""

    level = Level.WARNING
    lines: int


@dataclass(frozen=True)
class TraceNotSent(Event):
    """The collector did not get the trace of this execution, which is not concerned otherwise."""

    level = Level.WARNING
    cause: str


@dataclass(frozen=True)
class TraceLeftOut(Event):
    """A collector is named, and this image cannot speak to it; `cause` says what it needs."""

    cause: str


@dataclass(frozen=True)
class StatementFailed(Event):
    """The SQL that failed, as its shape, at level debug whole: for the log, and nothing else."""

    statement: str


@dataclass(frozen=True)
class TracebackCaught(Event):
    """The traceback of whatever ended the run."""

    level = Level.DEBUG
    traceback: str


@dataclass(frozen=True)
class RunFinished(Event):
    """The verdict, as its fields; it is logged whatever level is asked for."""

    verdict: Mapping[str, object]

    @property
    def logged_at(self) -> Level:
        return Level.ERROR if self.verdict["exit_code"] else Level.INFO

    def fields(self) -> Mapping[str, object]:
        return self.verdict
