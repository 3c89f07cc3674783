"""What an event is, and how an edge emits one without knowing who listens. Pure."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import IntEnum
from typing import ClassVar, Protocol

from headstart.verdict.record import Record


class Level(IntEnum):
    """How much an event matters to a reader of the log, in the numbers of Python's logging."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


class Event:
    """Something that has happened, with its facts as fields; what a field counts, its name says.

    `slug` is its name in the log, the class's in snake_case; `level` None keeps it out of there.
    """

    slug: ClassVar[str]
    level: ClassVar[Level | None] = Level.INFO

    def __init_subclass__(cls) -> None:
        """Name it, where it does not do so itself."""
        if "slug" not in vars(cls):
            cls.slug = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @property
    def logged_at(self) -> Level | None:
        """The level of this very event."""
        return self.level

    def fields(self) -> Mapping[str, object]:
        """What the log shows of it."""
        return vars(self)


class RecordedEvent(Event, ABC):
    """An event that the verdict rests on; most of these tell a reader of the log nothing new."""

    level: ClassVar[Level | None] = None

    @abstractmethod
    def onto(self, record: Record) -> Record:
        """The record after this event."""


class Emit(Protocol):
    """Takes the events of an execution: emit(Event(...))."""

    @property
    def wants_debug(self) -> bool:
        """Whether anybody reads events of level debug; if not, they need not be made."""

    def __call__(self, event: Event, /) -> None: ...


class NullSink:
    """Takes events that nobody reads, where the answer is all there is to tell."""

    wants_debug = False

    def __call__(self, event: Event, /) -> None:
        """Nobody listens."""
