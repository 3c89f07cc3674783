"""What the tests of the lock of targets share: two of them, and how one waits for its lock."""

import time
from dataclasses import dataclass

from headstart.postgres.identity import Identity
from headstart.postgres.lock_polling import LockWait
from headstart.postgres.target import Target
from headstart.process.deadline import deadline_after
from headstart.verdict.events.event import Event, NullSink
from tests.harness.server import Database
from tests.harness.targeted import VERSION_TABLE

ACME, GLOBEX = (Target(schema, VERSION_TABLE) for schema in ("acme", "globex"))


@dataclass(frozen=True)
class ListSink:
    """Keeps the events that it gets."""

    events: list[Event]
    wants_debug = False

    def __call__(self, event: Event) -> None:
        self.events.append(event)


def waiting(database: Database, target: Target | None, seconds: float = 0.0) -> LockWait:
    """How a run waits for the lock, for so long; 0: it tries once."""
    return LockWait(
        lambda: database.parameters,
        Identity("1234abcd", "pod-7", target),
        deadline_after(seconds, time.monotonic()),
        NullSink(),
        report_seconds=60,
        silence_seconds=60,
        lost=lambda _: None,
    )
