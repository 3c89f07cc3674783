"""What a trace notes while the work is done, and whether it is wanted."""

import os
import socket
import time

import pytest

from headstart.process import trace, trace_sending
from headstart.process.trace import Finished, Trace, is_wanted, secrets_of
from headstart.verdict.events.event import Event
from headstart.verdict.events.execution import TraceNotSent
from headstart.verdict.events.revisions import RevisionApplied, RevisionBlocked, RevisionStarted

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
VERDICT: dict[str, object] = {"outcome": "upgraded", "exit_code": 0}


def noted(monkeypatch: pytest.MonkeyPatch, *events: Event) -> Finished:
    """What would be sent after these events."""
    sent: list[Finished] = []
    monkeypatch.setattr(trace_sending, "send_trace", lambda run, _: sent.append(run))
    noting = Trace(ENDPOINT, lambda text: text.replace("s3cret", "***"))
    for event in events:
        noting(event)
    assert noting.send("run", VERDICT, is_hurried=False) is None
    (run,) = sent
    return run


def test_a_revision_ends_where_the_next_one_begins_and_is_applied_after_the_commit_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = noted(
        monkeypatch,
        RevisionStarted("1", "1 of 3", "with s3cret"),
        RevisionBlocked("1", 1, 0.5, (), ()),
        RevisionStarted("2", "2 of 3", ""),
        RevisionStarted("3", "3 of 3", ""),
        RevisionApplied("1", 0.0),
        RevisionApplied("2", 0.0),
    )
    first, second, third = run.revisions
    assert [each.is_applied for each in run.revisions] == [True, True, False]
    assert first.began <= first.ended <= second.began <= second.ended <= third.began
    assert not third.ended
    assert len(first.blocked) == 1
    assert first.description == "with ***"
    assert run.began <= first.began <= run.ended


def test_of_a_long_history_the_first_revisions_are_shown_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trace, "_MOST_REVISIONS", 2)
    run = noted(monkeypatch, *(RevisionStarted(str(each), "", "") for each in range(5)))
    assert [each.revision for each in run.revisions] == ["0", "1"]
    assert run.left_out == 3


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/v1/metrics"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "console,otlp"}, True),
    ],
)
def test_a_trace_is_wanted_where_a_collector_is_named_and_nothing_speaks_against_it(
    environ: dict[str, str], wanted: bool
) -> None:
    assert is_wanted(environ) is wanted


def test_the_tokens_for_a_collector_are_secrets_and_a_tenants_number_is_none() -> None:
    headers = "Authorization=Basic%20dXNlcjpwYXNz,X-Scope-OrgID=1"
    environ = {
        "OTEL_EXPORTER_OTLP_HEADERS": headers,
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=0123456789",
    }
    assert secrets_of(environ) == ("Basic dXNlcjpwYXNz", "0123456789")


@pytest.mark.parametrize("is_hurried", [False, True])
def test_a_collector_that_never_answers_is_left_behind_in_time(
    is_hurried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        noting = Trace(os.environ, str)
        began = time.monotonic()
        said = noting.send("run", VERDICT, is_hurried=is_hurried)
        seconds = time.monotonic() - began
    assert isinstance(said, TraceNotSent)
    assert seconds > trace.HURRIED_SECONDS / 2
    assert seconds < (trace.HURRIED_SECONDS if is_hurried else trace.SENDING_SECONDS) + 3
