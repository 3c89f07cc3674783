"""How a target ended, what is said of all of them, and what is read in the log of one."""

import json

import pytest

from headstart.fleet.child_log import ChildLog
from headstart.fleet.outcome import Tally, TargetEnd, killed, not_started
from headstart.settings.fleet import Shard
from headstart.verdict.events.event import Level
from headstart.verdict.fields import fleet_message_fields
from headstart.verdict.outcome import Outcome
from headstart.verdict.termination import TERMINATION_MESSAGE_BYTES, termination_message


def ended(target: str, outcome: Outcome, seconds: float = 1.0, message: str = "why") -> TargetEnd:
    """A target that ended so."""
    error = {} if outcome.code == 0 else {"error": {"type": "X", "message": message}}
    fields = {"outcome": outcome.value, "exit_code": outcome.code, "duration_seconds": seconds}
    return TargetEnd(target, fields | error)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_target_needs_a_person_where_no_retry_helps(outcome: Outcome) -> None:
    end = ended("a", outcome)
    assert end.is_ready is (outcome.code == 0)
    assert end.needs_person is (outcome.code != 0 and not outcome.retry)


def test_one_that_was_killed_or_never_began_needs_nobody() -> None:
    for end in (killed("a", 9, 1.0), killed("a", 0, 1.0, "Fatal"), not_started("a", "why")):
        assert (end.is_ready, end.needs_person) == (False, False)
    assert "signal 9" in killed("a", 9, 1.0).message
    assert "Fatal Python error" in killed("a", 6, 1.0, "Fatal Python error").message


def test_an_outcome_that_is_not_known_needs_a_person() -> None:
    assert TargetEnd("a", {"outcome": "of a later release", "exit_code": 99}).needs_person


def test_a_tally_counts_and_names_those_that_need_a_person_first() -> None:
    tally = Tally(20, Shard(1, 3))
    for number in range(12):
        tally.add(ended(f"l{number}", Outcome.LOCK_UNAVAILABLE, number))
    tally.add(ended("d", Outcome.DRIFTED))
    tally.add(ended("r", Outcome.UPGRADED, 99.0))
    fields = tally.fields("a signal")
    assert (tally.done, tally.ready, tally.failed, tally.need_person) == (14, 1, 13, 1)
    assert fields["outcomes"] == {"lock_unavailable": 12, "drifted": 1, "upgraded": 1}
    failures = fields["failures"]
    assert isinstance(failures, list)
    assert [each["target"] for each in failures] == ["d", *(f"l{number}" for number in range(9))]
    assert (fields["shard"], fields["stopped_by"]) == ("1/3", "a signal")
    assert fields["slowest"] == [
        {"target": "r", "seconds": 99.0},
        {"target": "l11", "seconds": 11},
        {"target": "l10", "seconds": 10},
    ]
    assert tally.message(None) == (
        "13 of 20 targets are not ready (1 of them needs a person): 'd' (drifted),"
        " 'l0' (lock_unavailable), 'l1' (lock_unavailable) and 10 more"
    )


def test_the_termination_message_keeps_the_counts_whatever_the_causes_are() -> None:
    tally = Tally(20, Shard())
    for number in range(20):
        tally.add(ended(f"{number}" * 30, Outcome.DRIFTED, message="x" * 5000))
    error = {"type": "FleetRefused", "message": tally.message(None)}
    fields = {"outcome": "fleet_refused", "exit_code": 27, "error": error, **tally.fields(None)}
    text = termination_message(fleet_message_fields(fields))
    assert len(text.encode()) <= TERMINATION_MESSAGE_BYTES
    told = json.loads(text)
    assert (told["targets"], told["ready"], told["outcomes"]) == (20, 0, {"drifted": 20})
    assert [each["target"] for each in told["failures"]] == ["0" * 30, "1" * 30, "2" * 30]


def line(**fields: object) -> bytes:
    """A line of a log."""
    return json.dumps(fields).encode() + b"\n"


def test_events_go_on_with_the_target_and_their_own_name_and_level() -> None:
    log = ChildLog("a")
    said = line(timestamp="t", level="warning", event="lock_waited", run_id="7", holder="x")
    (event,) = log.take(said)
    assert event.logged_at is Level.WARNING
    assert list(event.fields().items()) == [
        *(("timestamp", "t"), ("event", "lock_waited"), ("run_id", "7")),
        *(("target", "a"), ("holder", "x")),
    ]


def test_the_verdict_is_kept_and_does_not_go_on() -> None:
    log = ChildLog("a")
    assert [*log.take(line(timestamp="t", level="info", event="run_finished", outcome="o"))] == []
    assert log.verdict == {"outcome": "o"}


def test_a_line_may_come_in_parts_and_what_is_no_event_is_told_as_printed() -> None:
    log = ChildLog("a")
    whole = line(level="info", event="e", text="é")
    events = [event for octet in whole for event in log.take(bytes([octet]))]
    assert [event.fields()["text"] for event in events] == ["é"]
    printed = [*log.take(b"Fatal Python error\n[1]\n\xff"), *log.end()]
    assert [event.fields()["text"] for event in printed] == ["Fatal Python error", "[1]", "\\xff"]
    assert {event.fields()["event"] for event in printed} == {"output_printed"}
    assert log.last == "\\xff"
    assert log.verdict is None
