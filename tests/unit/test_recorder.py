"""The verdict is a fold of the events: each of its fields has the events that feed it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import fields

import pytest

from headstart.process.recorder import Recorder, Sinks
from headstart.verdict.conclusion import Verdict, conclude
from headstart.verdict.errors import Cancelled
from headstart.verdict.events.database import AttemptStarted, WaitMeasured
from headstart.verdict.events.event import Event, NullSink, RecordedEvent
from headstart.verdict.events.revisions import RevisionApplied
from headstart.verdict.fields import verdict_fields
from headstart.verdict.outcome import Outcome
from headstart.verdict.record import DroppedIndex, Record
from tests.unit.event_samples import EXPLANATION, SAMPLES

BY_THE_END = {"outcome", "exit_code", "error", "duration_seconds"}
"""Fields that no event feeds: what a run ended with, and when."""
ROWS_OF_THE_END = "ComparisonStarted VersionRowsOutdated VersionRowsRead"
FED_BY = {
    "state": "StateDetected",
    "from": "ComparisonStarted StateDetected",
    "to": ROWS_OF_THE_END,
    "applied": "RevisionApplied",
    "dropped_indexes": "IndexDropped IndexNotRebuilt",
    "partly_applied": "RevisionPartlyApplied",
    "lock_attempts": "AttemptBegun",
    "proof": "ProofEstablished",
    "wait_attempts": "AttemptStarted",
    "wait_seconds": "WaitMeasured",
    "lock_wait_seconds": "LockWaitMeasured",
    "database": "DatabaseLocated ServerAnswered",
    "tls": "ServerAnswered",
    "server_version": "ServerAnswered",
    "run_id": "ExecutionStarted",
    "headstart_version": "ExecutionStarted",
    "image_revision": "ExecutionStarted SettingsRead",
    "alembic_ini": "SettingsRead",
    # of an end that is no success: what became of the rest, and what is left
    "next_step": f"RevisionApplied RevisionPartlyApplied StateDetected TransactionLeft"
    f" WorkLeftBehind {ROWS_OF_THE_END}",
    # what a proof found, under the names that it gives
    "extra": "Explained SchemaDrifted",
    "fingerprints": "FingerprintsUnusable",
    "not_compared": "SchemaNotCompared",
    "misspelt": "MarksMisspelt",
    "uncertain": "PlaceUncertain",
    # of a fleet
    "targets": "FleetSummarized",
    # the lines for people
    "lines": "Explained ExplanationSuperseded FleetSummarized IndexDropped"
    " IndexNotRebuilt MarksMisspelt PlaceUncertain SchemaDrifted SchemaNotCompared",
}
"""Each field of the verdict with the events that feed it."""


def fold(*events: Event) -> Record:
    """Return the record of these events."""
    recorder = Recorder()
    for event in events:
        recorder(event)
    return recorder.record


BEFORE = (
    Record(),
    Record(from_revisions=("0000",), to_revisions=("0000",), explanation=("an earlier line",)),
    Record(from_revisions=("0000",)),
    Record(
        from_revisions=("0000",),
        left_transaction="0002",
        dropped_indexes=(DroppedIndex("public.ix", "public.accounts", "0002"),),
    ),
)
ENDS = (Outcome.UPGRADED, Cancelled(15))


def published(verdict: Verdict) -> dict[str, object]:
    """Return all that the world gets: the fields, and the lines for people."""
    return {**verdict_fields(verdict), "lines": verdict.record.explanation}


def changes(event: RecordedEvent) -> set[str]:
    """Return the fields of a verdict that this event makes another."""
    changed = set()
    for record in BEFORE:
        for end in ENDS:
            before, after = (
                published(conclude(each, end, 1.0)) for each in (record, event.onto(record))
            )
            names = before.keys() | after.keys()
            changed |= {name for name in names if before.get(name) != after.get(name)}
    return changed


def recorded() -> Iterator[RecordedEvent]:
    """Every event of the samples that the verdict rests on."""
    return (sample for sample in SAMPLES if isinstance(sample, RecordedEvent))


def test_each_field_of_the_verdict_is_fed_by_the_events_that_are_listed_and_by_no_other() -> None:
    fed: dict[str, set[str]] = {name: set() for end in ENDS for name in every_field(end)}
    for event in recorded():
        for name in changes(event):
            fed[name].add(type(event).__name__)
    found = {name: " ".join(sorted(kinds)) for name, kinds in fed.items()}
    listed = {name: " ".join(sorted(kinds.split())) for name, kinds in FED_BY.items()}
    assert found == listed | dict.fromkeys(BY_THE_END, "")


def every_field(end: Outcome | BaseException) -> set[str]:
    """Return every field that there can be."""
    record = fold(*(each for each in SAMPLES if each.slug != "version_rows_outdated"))
    return set(published(conclude(record, end, 1.0)))


def test_each_field_of_the_record_is_changed_by_an_event() -> None:
    changed = {
        each.name
        for event in recorded()
        for each in fields(Record)
        for record in BEFORE
        if getattr(event.onto(record), each.name) != getattr(record, each.name)
    }
    assert changed == {each.name for each in fields(Record)}


def test_an_event_changes_nothing_of_an_earlier_record() -> None:
    for event in recorded():
        record = fold(*SAMPLES)
        before = repr(record)
        event.onto(record)
        assert repr(record) == before


def test_an_explanation_is_told_once() -> None:
    explained = next(event for event in recorded() if event.slug == "explained")
    assert fold(explained, explained).explanation == EXPLANATION.lines


def test_no_event_is_lost_where_two_threads_emit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, fold_wait = threading.Event(), WaitMeasured.onto

    def slowly(event: WaitMeasured, record: Record) -> Record:
        begun.set()
        time.sleep(0.05)
        return fold_wait(event, record)

    monkeypatch.setattr(WaitMeasured, "onto", slowly)
    recorder = Recorder()
    thread = threading.Thread(target=recorder, args=(WaitMeasured(1.5),))
    thread.start()
    begun.wait()
    recorder(AttemptStarted())
    thread.join()
    assert (recorder.record.wait_attempts, recorder.record.wait_seconds) == (1, 1.5)


class BrokenLog(NullSink):
    """A log whose reader is gone in a way that nobody expected."""

    def __call__(self, event: Event, /) -> None:
        raise OSError(event.slug)


def test_an_event_that_cannot_be_logged_is_recorded_all_the_same() -> None:
    recorder = Recorder()
    with pytest.raises(OSError, match="attempt_started"):
        Sinks(recorder, BrokenLog())(AttemptStarted())
    assert recorder.record.wait_attempts == 1


def test_what_a_bar_shows_instead_of_the_log_is_recorded_all_the_same() -> None:
    recorder = Recorder()
    Sinks(recorder, BrokenLog()).unlogged()(AttemptStarted())
    assert recorder.record.wait_attempts == 1


def test_a_record_keeps_its_revisions_whatever_follows_it_or_an_earlier_one() -> None:
    first = RevisionApplied("a", 0.1).onto(Record())
    ends = [RevisionApplied(revision, 0.1).onto(first) for revision in "bc"]
    shown = [[step.revision for step in record.applied] for record in (first, *ends, Record())]
    assert shown == [["a"], ["a", "b"], ["a", "c"], []]
