"""Events of the way to the database: connecting, waiting, the run lock."""

from collections.abc import Mapping

from headstart.values import dataclass, replace
from headstart.verdict.events.event import Event, Level, RecordedEvent
from headstart.verdict.record import Record


@dataclass(frozen=True)
class AttemptStarted(RecordedEvent):
    """One more attempt to ask the database has begun."""

    def onto(self, record: Record) -> Record:
        return replace(record, wait_attempts=record.wait_attempts + 1)


@dataclass(frozen=True)
class ConnectionFailed(Event):
    """An attempt did not lead to a connection; `retry_in_seconds` where the next one is known.

    `host` and `port` as far as libpq had come.
    """

    level = Level.WARNING
    attempt: int
    cause: str
    retry_in_seconds: float | None = None
    host: str | None = None
    port: str | None = None

    def fields(self) -> Mapping[str, object]:
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class DatabaseLocated(RecordedEvent):
    """It is known where the database is: host, port, name and user, never a password."""

    database: Mapping[str, str]

    def onto(self, record: Record) -> Record:
        return replace(record, database=self.database)


@dataclass(frozen=True)
class ServerAnswered(RecordedEvent):
    """A server let us in, and told its version; whether it lets us write is not yet known.

    `tls`: whether the connection is encrypted.
    """

    database: Mapping[str, str]
    server_version: str
    tls: bool

    def onto(self, record: Record) -> Record:
        return replace(
            record, database=self.database, server_version=self.server_version, tls=self.tls
        )


@dataclass(frozen=True)
class DatabaseAccepted(Event):
    """The database lets this role in, and lets it write; `tls`: over an encrypted connection."""

    attempts: int
    database: Mapping[str, str]
    tls: bool


@dataclass(frozen=True)
class DatabaseNotReady(Event):
    """It is looked at again: what the last look has met, and when the next one is."""

    cause: str
    retry_in_seconds: float


@dataclass(frozen=True)
class WaitMeasured(RecordedEvent):
    """So long has the database been waited for, whether in vain or not."""

    seconds: float

    def onto(self, record: Record) -> Record:
        return replace(record, wait_seconds=self.seconds)


@dataclass(frozen=True)
class LockWaited(Event):
    """Another run has the lock."""

    holder: str


@dataclass(frozen=True)
class OrphansFound(Event):
    """Statements of a run that died are still at work."""

    level = Level.WARNING
    orphans: tuple[str, ...]


@dataclass(frozen=True)
class LockWaitMeasured(RecordedEvent):
    """So long has the run lock been waited for, whether in vain or not."""

    seconds: float

    def onto(self, record: Record) -> Record:
        return replace(record, lock_wait_seconds=self.seconds)


@dataclass(frozen=True)
class LockAcquired(Event):
    """This run has the lock."""

    seconds: float
