"""A run leaves a trace with a collector, where one is named; no collector ever hinders a run."""

import socket
import time
from collections import Counter
from datetime import datetime

import pytest

from headstart.process.trace import SENDING_SECONDS
from tests.conftest import ON_ONE_SERVER
from tests.harness.collector import attributes_of, collecting
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.harness.server import Database
from tests.integration.fleets import schema_fleet
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

TRACE_ID, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = {"TRACEPARENT": f"00-{TRACE_ID}-{CALLER}-01"}
ERROR = 2
"""STATUS_CODE_ERROR of OpenTelemetry's protocol."""
LOOK = """
import pathlib, sys, threading, time

def look():
    while True:
        new = pathlib.Path({file!r} + ".new")
        new.write_text(" ".join(sys.modules.copy()))
        new.replace({file!r})
        time.sleep(0.001)

threading.Thread(target=look, daemon=True).start()
"""


@pytest.fixture
def two_behind(behind: Stage) -> Stage:
    """Give a database at 0003, and two revisions for it."""
    behind.project.add("0004", "0003", 'op.execute("CREATE TABLE a ()")')
    behind.project.add("0005", "0004", 'op.execute("CREATE TABLE b (); SELECT pg_sleep(0.2)")')
    return behind


def events(result: Result) -> set[str]:
    """Return the names of the events in the log."""
    return {event["event"] for event in result.events}


def test_a_run_with_two_revisions_is_a_span_with_two_children(two_behind: Stage) -> None:
    with collecting() as collector:
        before = time.time_ns()
        result = two_behind.run(**collector.environ)
        after = time.time_ns()
    assert result.exit_code == 0
    assert list(collector.spans) == ["revision 0004", "revision 0005", "headstart run"]
    first, second, run = collector.spans.values()
    assert first.parent_span_id == second.parent_span_id == run.span_id
    assert first.trace_id == second.trace_id == run.trace_id
    assert not run.parent_span_id
    assert before < run.start_time_unix_nano < first.start_time_unix_nano
    assert first.end_time_unix_nano <= second.start_time_unix_nano
    assert second.end_time_unix_nano - second.start_time_unix_nano > 0.2e9
    assert second.end_time_unix_nano < run.end_time_unix_nano < after
    assert {span.status.code for span in collector.spans.values()} == {0}


def test_what_the_verdict_says_is_in_the_attributes(two_behind: Stage) -> None:
    with collecting() as collector:
        verdict = two_behind.run(**collector.environ).verdict
    told = attributes_of(collector.spans["headstart run"])
    database = verdict["database"]
    assert (told["server.address"], told["db.namespace"]) == (database["host"], database["name"])
    assert told["headstart.applied"] == 2
    for name in ("outcome", "exit_code", "state", "from", "to", "proof", "run_id", "tls"):
        assert told[f"headstart.{name}"] == verdict[name]
    of_revision = attributes_of(collector.spans["revision 0005"])
    assert of_revision["headstart.revision"] == "0005"
    assert of_revision["headstart.number"] == "2 of 2"
    assert of_revision["headstart.is_applied"]
    assert of_revision["headstart.held_seconds"] > 0.2
    assert collector.resource["service.name"] == "headstart"
    assert collector.resource["service.version"] == verdict["headstart_version"]


def test_the_span_belongs_to_the_trace_of_whoever_started_the_run(two_behind: Stage) -> None:
    named = {"OTEL_SERVICE_NAME": "shop-migration", "OTEL_RESOURCE_ATTRIBUTES": "team=shop"}
    with collecting() as collector:
        two_behind.run(**collector.environ, **TRACEPARENT, **named)
    assert {span.trace_id.hex() for span in collector.spans.values()} == {TRACE_ID}
    assert collector.spans["headstart run"].parent_span_id.hex() == CALLER
    assert collector.resource["service.name"] == "shop-migration"
    assert collector.resource["team"] == "shop"


def test_a_trace_that_its_beginner_does_not_sample_is_not_sent(two_behind: Stage) -> None:
    with collecting() as collector:
        unsampled = {"TRACEPARENT": f"00-{TRACE_ID}-{CALLER}-00"}
        result = two_behind.run(**collector.environ, **unsampled)
    assert (result.exit_code, collector.requests) == (0, [])
    assert "trace_not_sent" not in events(result)


def test_a_failure_is_an_error_of_the_run_and_of_its_revision(behind: Stage) -> None:
    behind.project.add("0004", "0003", 'op.execute("CREATE TABLE a ()")')
    behind.project.add("0005", "0004", 'op.execute("SELECT 1/0")')
    with collecting() as collector:
        assert behind.run(**collector.environ).exit_code == 21
    run, good, bad = (
        collector.spans[name] for name in ("headstart run", "revision 0004", "revision 0005")
    )
    assert (run.status.code, good.status.code, bad.status.code) == (ERROR, 0, ERROR)
    assert run.status.message.startswith("revision_failed: ")
    told = attributes_of(run)
    assert (told["error.type"], told["db.response.status_code"]) == ("revision_failed", "22012")
    assert not attributes_of(bad)["headstart.is_applied"]


def test_a_refusal_is_a_span_too_and_a_verb_has_its_name(behind: Stage) -> None:
    behind.project.add("0004", "0003", "pass")
    with collecting() as collector:
        assert behind.run("check", **collector.environ).exit_code == 14
    (span,) = collector.spans.values()
    assert span.name == "headstart check"
    assert attributes_of(span)["headstart.outcome"] == "not_ready"


def test_a_token_for_the_collector_is_sent_to_it_and_shown_to_nobody_else(
    two_behind: Stage,
) -> None:
    token = "tok-5f3c9a1b7d"
    two_behind.project.add("0006", "0005", f"print('{token}')")
    with collecting() as collector:
        headers = {"OTEL_EXPORTER_OTLP_HEADERS": f"x-token={token}"}
        result = two_behind.run(**collector.environ, **headers)
    assert collector.headers[0]["x-token"] == token
    assert "output_printed" in events(result)
    assert token not in result.stderr


@pytest.mark.parametrize("kind", ["closed", "silent", "refusing", "unknown"])
def test_a_collector_that_is_away_costs_seconds_and_nothing_else(
    two_behind: Stage, kind: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, collecting(status=503) as refusing:
        port = listening.getsockname()[1]
        if kind == "closed":
            listening.close()
        environ = {
            "refusing": refusing.environ,
            "unknown": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://nowhere.invalid:4318"},
        }.get(kind, {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"})
        result = two_behind.run(**environ)
    assert result.verdict["outcome"] == "upgraded"
    *_, before, warning, last = result.events
    assert (warning["event"], last["event"]) == ("trace_not_sent", "run_finished")
    assert warning["cause"]
    began, ended = (datetime.fromisoformat(each["timestamp"]) for each in (before, warning))
    assert (ended - began).total_seconds() < SENDING_SECONDS + 5  # to import it is in there


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
    ids=["no collector", "disabled", "no traces", "grpc"],
)
def test_nothing_is_imported_or_sent_where_no_trace_is_wanted(
    two_behind: Stage, environ: dict[str, str]
) -> None:
    """What is loaded after the work, at the very end, is told by a thread that lives so long."""
    loaded = two_behind.project.path / "loaded"
    look = LOOK.format(file=str(loaded))
    two_behind.project.add("0006", "0005", look)
    with collecting() as collector:
        told = (collector.environ if environ else {}) | environ
        result = two_behind.run(**told)
    assert (result.exit_code, collector.requests) == (0, [])
    modules = {name.partition(".")[0] for name in loaded.read_text().split()}
    assert "headstart" in modules
    assert not modules & {"opentelemetry", "requests", "urllib3", "google"}
    assert ("trace_left_out" in events(result)) == ("OTEL_EXPORTER_OTLP_PROTOCOL" in environ)


def test_an_image_without_the_extra_says_so_and_runs_as_ever(two_behind: Stage) -> None:
    two_behind.project.add("0006", "0005", "import sys; sys.modules['opentelemetry.sdk'] = None")
    with collecting() as collector:
        result = two_behind.run(**collector.environ)
    assert (result.exit_code, collector.requests) == (0, [])
    (left_out,) = (event for event in result.events if event["event"] == "trace_left_out")
    assert left_out["cause"].startswith("pip install headstart[otel]: ")
    assert left_out["level"] == "info"


def test_each_target_of_a_fleet_is_a_run_of_the_same_trace(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, ("t1", "t2"))
    with collecting() as collector:
        assert fleet.run(**collector.environ, **TRACEPARENT).exit_code == 0
    names = Counter(span.name for span in collector.all_spans)
    assert names.pop("headstart fleet run") == 1
    assert names.pop("headstart run") == 2
    assert set(names.values()) == {2}
    assert {span.trace_id.hex() for span in collector.all_spans} == {TRACE_ID}
