"""The trace of an execution: one span for all of it, and one for each revision.

A sink of events. While the work is done it only notes who began when: OpenTelemetry is imported
after it, where somebody has named a collector, so that no import, thread or logger of its can get
in the way of env.py. An example, of a run that applied one revision and failed in the next:

    headstart run                |----------------------------|  exit code 21
      revision 0001                  |----|
      revision 0002                        |----------------|    failed
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field
from urllib.parse import unquote

from headstart.process.machine import start_thread
from headstart.values import dataclass, replace
from headstart.verdict.errors import ServerFailed
from headstart.verdict.events.event import Event
from headstart.verdict.events.execution import TraceLeftOut, TraceNotSent
from headstart.verdict.events.revisions import (
    RevisionApplied,
    RevisionBlocked,
    RevisionReplayed,
    RevisionStarted,
)

COLLECTOR_SECONDS = 2.0
"""What a collector may take to answer."""
SENDING_SECONDS = 5.0
"""What sending may take in all, where nobody answers for the collector's name either."""
HURRIED_SECONDS = 1.5
"""The same after a signal, with the import of OpenTelemetry: somebody is about to kill."""
_MOST_REVISIONS = 1000
"""The first so many get a span: a collector takes no message of any size."""
_SHORTEST_SECRET = 8
"""Of a header: what is shorter is a tenant's number rather than a token."""

_PREFIX = "OTEL_EXPORTER_OTLP_"


@dataclass(frozen=True)
class Span:
    """A revision: when it began and ended, in nanoseconds since 1970; `ended` 0: not yet."""

    revision: str
    number: str
    description: str
    began: int
    ended: int = 0
    is_applied: bool = False
    held_seconds: float | None = None
    blocked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finished:
    """All that is told of an execution that is over; `fields` are its verdict, without secrets."""

    verb: str
    began: int
    ended: int
    fields: Mapping[str, object]
    revisions: tuple[Span, ...] = ()
    left_out: int = 0
    parent: Mapping[str, str] = field(default_factory=dict)


class Trace:
    """Notes what the spans need, as far as a collector is named in `environ`.

    `mask` takes the secrets out of a text.
    """

    wants_debug = False

    def __init__(self, environ: Mapping[str, str], mask: Callable[[str], object]) -> None:
        self._mask = mask
        self._is_wanted = is_wanted(environ)
        self._speaks_grpc = _value(environ, "PROTOCOL") == "grpc"
        self._parent = {
            name.lower(): environ[name] for name in ("TRACEPARENT", "TRACESTATE") if name in environ
        }
        self._began = time.time_ns()
        self._noting = threading.Lock()
        self._spans: dict[str, Span] = {}
        self._left_out = 0

    def __call__(self, event: Event, /) -> None:
        if self._is_wanted:
            match event:
                case RevisionStarted() | RevisionApplied() | RevisionReplayed() | RevisionBlocked():
                    with self._noting:
                        self._note(event, time.time_ns())

    def _note(self, event: Event, now: int) -> None:
        match event:
            case RevisionStarted(revision=revision):
                self._end_last(now)
                if len(self._spans) < _MOST_REVISIONS:
                    begun = Span(revision, event.number, event.description, now)
                    self._spans.setdefault(revision, begun)
                else:
                    self._left_out += 1
            case RevisionBlocked(revision=revision) if revision in self._spans:
                span = self._spans[revision]
                self._spans[revision] = replace(span, blocked=(*span.blocked, now))
            case RevisionApplied(revision=revision) | RevisionReplayed(revision=revision):
                if revision in self._spans:
                    span = self._spans[revision]
                    held = event.held if isinstance(event, RevisionApplied) else None
                    held_seconds = None if held is None else held.seconds
                    self._spans[revision] = replace(
                        span,
                        # it may have waited for the COMMIT of all, which is no work of its own
                        ended=min(now, span.began + int(event.seconds * 1e9)),
                        is_applied=True,
                        held_seconds=held_seconds,
                    )

    def _end_last(self, now: int) -> None:
        """One that is not committed yet, where all are in one transaction."""
        if self._spans:
            revision, span = next(reversed(self._spans.items()))
            if not span.ended:
                self._spans[revision] = replace(span, ended=now)

    def send(
        self, verb: str, fields: Mapping[str, object], *, is_hurried: bool
    ) -> TraceLeftOut | TraceNotSent | None:
        """Send it, or give what to tell where that did not work.

        A name server or a collector that does not answer is left behind in its thread.
        """
        if not self._is_wanted:
            return None
        if self._speaks_grpc:
            return TraceLeftOut(_GRPC)
        if not is_hurried and (unable := _import_sending()):
            return unable
        with self._noting:
            spans, left_out = tuple(map(self._masked, self._spans.values())), self._left_out
        now = time.time_ns()
        run = Finished(verb, self._began, now, fields, spans, left_out, self._parent)
        seconds = HURRIED_SECONDS if is_hurried else SENDING_SECONDS
        said: list[TraceLeftOut | TraceNotSent | None] = []

        def work() -> None:
            said.append(_import_sending() or _sent(run, min(COLLECTOR_SECONDS, seconds)))

        thread = threading.Thread(target=work, name="trace", daemon=True)
        with suppress(ServerFailed):
            start_thread(thread)
            thread.join(seconds)
        return said[0] if said else TraceNotSent(f"it could not be sent in {seconds:g} s")

    def _masked(self, span: Span) -> Span:
        return replace(span, description=str(self._mask(span.description)))


_GRPC = (
    "headstart speaks OTLP over HTTP: OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf, and"
    " OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://COLLECTOR:4318/v1/traces"
)


def _import_sending() -> TraceLeftOut | None:
    try:
        import headstart.process.trace_sending  # noqa: F401
    except ImportError as error:
        return TraceLeftOut(f"pip install headstart[otel]: {error}")
    return None


def _sent(run: Finished, seconds: float) -> TraceNotSent | None:
    from headstart.process.trace_sending import send_trace

    try:
        cause = send_trace(run, seconds)
    except Exception as error:  # noqa: BLE001 whatever it is, the run is not concerned
        cause = f"{type(error).__name__}: {error}"
    return TraceNotSent(cause) if cause else None


def _value(environ: Mapping[str, str], name: str) -> str:
    """What a variable says of traces, or else of all that is sent."""
    return environ.get(f"{_PREFIX}TRACES_{name}") or environ.get(f"{_PREFIX}{name}", "")


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether a collector is named, and nothing says that it should get no traces."""
    exporters = environ.get("OTEL_TRACES_EXPORTER", "") or "otlp"
    is_off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return bool(_value(environ, "ENDPOINT")) and "otlp" in exporters.split(",") and not is_off


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the headers that a collector asks for: tokens, which nothing may show."""
    texts = (environ.get(f"{_PREFIX}{each}HEADERS", "") for each in ("", "TRACES_"))
    pairs = (pair.partition("=")[2].strip() for text in texts for pair in text.split(","))
    return tuple(unquote(value) for value in pairs if len(value) >= _SHORTEST_SECRET)
