"""Make spans of what an execution has left, and send them over OTLP/HTTP.

The only importer of OpenTelemetry (the extra `otel`), and imported after the work by trace.py. What
OpenTelemetry reads from the environment holds here, too: OTEL_EXPORTER_OTLP_HEADERS, _CERTIFICATE,
_COMPRESSION, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER.
"""

import logging
from collections.abc import Iterator, Mapping

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from headstart import __version__
from headstart.facts.visible import json_text
from headstart.process.trace import Finished, Span

_MOST_ENTRIES = 20
"""Of a list in the verdict; the log has them all."""
_ELSEWHERE = frozenset({"applied", "database", "error"})
"""Fields of the verdict that have a place of their own in a trace."""

Attribute = str | bool | int | float | list[str]


def send_trace(run: Finished, seconds: float) -> str | None:
    """Send the spans; gives the cause where that failed."""
    said = _heard_causes()
    finished = InMemorySpanExporter()
    # no thread, no handler at the exit: these come after the app's, and would not be run
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False, span_limits=_LIMITS)
    provider.add_span_processor(SimpleSpanProcessor(finished))
    _make_spans(provider.get_tracer("headstart", __version__), run)
    spans = finished.get_finished_spans()
    if not spans:  # the sampler, or the caller's trace, wants none
        return None
    result = OTLPSpanExporter(timeout=seconds).export(spans)
    failed = result is not SpanExportResult.SUCCESS
    return "; ".join(said) or "the collector refused it" if failed else None


_LIMITS = SpanLimits(max_span_attributes=256, max_span_attribute_length=4096)


def _resource() -> Resource:
    """Who speaks; not by Resource.create, which may ask in threads that are over by now."""
    sdk = {"language": "python", "name": "opentelemetry", "version": sdk_version}
    ours = {f"telemetry.sdk.{name}": value for name, value in sdk.items()}
    ours |= {"service.name": "headstart", "service.version": __version__}
    return Resource(ours).merge(OTELResourceDetector().detect())


def _make_spans(tracer: Tracer, run: Finished) -> None:
    parent = TraceContextTextMapPropagator().extract(run.parent, context=Context())
    name = f"headstart {run.verb}".strip()
    whole = tracer.start_span(name, context=parent, start_time=run.began)
    whole.set_attributes(dict(_attributes(run)))
    is_failed = run.fields.get("exit_code") != 0
    for span in run.revisions:
        _make_revision(tracer, set_span_in_context(whole, parent), run, span)
    if is_failed:
        whole.set_status(Status(StatusCode.ERROR, _reason(run.fields)))
    whole.end(run.ended)


def _make_revision(tracer: Tracer, context: Context, run: Finished, span: Span) -> None:
    made = tracer.start_span(f"revision {span.revision}", context=context, start_time=span.began)
    made.set_attribute("headstart.revision", span.revision)
    made.set_attribute("headstart.number", span.number)
    made.set_attribute("headstart.description", span.description)
    made.set_attribute("headstart.is_applied", span.is_applied)
    if span.held_seconds is not None:
        made.set_attribute("headstart.held_seconds", span.held_seconds)
    for moment in span.blocked:
        made.add_event("revision_blocked", timestamp=moment)
    if not span.ended and run.fields.get("exit_code") != 0:
        made.set_status(Status(StatusCode.ERROR, _reason(run.fields)))
    made.end(span.ended or run.ended)


def _reason(fields: Mapping[str, object]) -> str:
    error = fields.get("error")
    message = error.get("message", "") if isinstance(error, Mapping) else ""
    return f"{fields.get('outcome')}: {message}"


def _attributes(run: Finished) -> Iterator[tuple[str, Attribute]]:
    """The verdict, by OpenTelemetry's names where it has some for the same."""
    fields = run.fields
    yield "db.system.name", "postgresql"
    database, error = fields.get("database"), fields.get("error")
    if isinstance(database, Mapping):
        names = {"host": "server.address", "port": "server.port", "name": "db.namespace"}
        for name, ours in names.items():
            if name in database:
                value = str(database[name])
                yield ours, int(value) if name == "port" and value.isdecimal() else value
    if isinstance(error, Mapping):
        yield "error.type", str(fields.get("outcome"))
        yield "headstart.error", str(error.get("type"))
        if "sqlstate" in error:
            yield "db.response.status_code", str(error["sqlstate"])
    applied = fields.get("applied")
    yield "headstart.applied", len(applied) if isinstance(applied, list) else 0
    if run.left_out:
        yield "headstart.revisions_left_out", run.left_out
    for name, said in fields.items():
        if name not in _ELSEWHERE:
            yield f"headstart.{name}", _attribute(said)


def _attribute(value: object) -> Attribute:
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [each if isinstance(each, str) else json_text(each) for each in value][
            :_MOST_ENTRIES
        ]
    return json_text(value)


def _heard_causes() -> list[str]:
    """What OpenTelemetry logs, which is the only place where it says why it failed."""
    heard: list[str] = []

    class Hear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    logger = logging.getLogger("opentelemetry")
    logger.handlers, logger.propagate = [Hear(logging.WARNING)], False
    return heard
