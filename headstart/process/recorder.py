"""The record as a fold of the events, and the sinks into which each event goes."""

from threading import Lock

from headstart.verdict.events.event import Emit, Event, NullSink, RecordedEvent
from headstart.verdict.record import Record


class Recorder:
    """Holds the record, which nothing changes but an event; a failure loses none.

    Events come from several threads: of two that come at once neither may be lost.
    """

    wants_debug = False

    def __init__(self) -> None:
        self._record = Record()
        self._folding = Lock()

    @property
    def record(self) -> Record:
        """All events so far, folded."""
        return self._record

    def __call__(self, event: Event, /) -> None:
        # without the lock for all others: a child that a script forks meanwhile may print
        if isinstance(event, RecordedEvent):
            with self._folding:
                self._record = event.onto(self._record)


class Sinks:
    """Emits into the record first, and into the log last, whose reader may be slow or gone.

    The record itself is for whoever made the recorder: the work emits, and reads nothing back.
    `trace` notes what is sent at the end.
    """

    def __init__(self, recorder: Recorder, log: Emit, trace: Emit | None = None) -> None:
        self._recorder, self._log, self._trace = recorder, log, trace

    @property
    def wants_debug(self) -> bool:
        """Whether the log does."""
        return self._log.wants_debug

    def __call__(self, event: Event, /) -> None:
        self._recorder(event)
        if self._trace is not None:
            self._trace(event)
        self._log(event)

    def unlogged(self) -> "Sinks":
        """The same without the log: where a bar shows how far it is."""
        return Sinks(self._recorder, NullSink(), self._trace)
