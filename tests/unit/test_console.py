"""The log for people: a line an event, in words; its last lines say what happened and what next."""

import io
import re

import pytest

from headstart.command.output import closing_lines, usage_lines
from headstart.process.log import Log
from headstart.process.redaction import Secrets
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.verdict.conclusion import Verdict, conclude
from headstart.verdict.errors import Explanation, InvalidSettings, RevisionFailed
from headstart.verdict.events.database import ConnectionFailed, DatabaseAccepted, LockAcquired
from headstart.verdict.events.event import Event, Level
from headstart.verdict.events.execution import OutputPrinted, RunFinished
from headstart.verdict.events.fleet import TargetEvent
from headstart.verdict.events.revisions import (
    LocksHeldLong,
    RevisionApplied,
    RevisionBlocked,
    RevisionRunning,
    RevisionStarted,
)
from headstart.verdict.held_locks import HeldLocks
from headstart.verdict.outcome import Outcome
from headstart.verdict.progress import Progress
from headstart.verdict.record import Applied, Record
from headstart.verdict.steps import Steps
from tests.unit.event_samples import PLACE, SAMPLES

TIME = re.compile(r"^\d\d:\d\d:\d\d ", re.MULTILINE)
STARTED = RevisionStarted("0012", "12 of 300", "create chunks")
BUILDING = Progress("CREATE INDEX", "building index", 43.06, "t")


def said(*events: Event, level: LogLevel = LogLevel.INFO, secrets: Secrets | None = None) -> str:
    stream = io.StringIO()
    log = Log(stream, LogFormat.CONSOLE, level, secrets or Secrets(), "1234abcd")
    for event in events:
        log(event)
    lines = stream.getvalue().splitlines()
    assert all(TIME.match(line) or line.startswith("    ") for line in lines)
    return TIME.sub("", stream.getvalue())


def closing(verdict: Verdict, *, is_answered: bool = False) -> list[str]:
    return closing_lines(verdict, is_answered=is_answered)


def after(applied: int, **facts: object) -> Record:
    steps = Steps([Applied(f"{number + 1:04}", 0.01) for number in range(applied)])
    return Record(applied=steps, database=PLACE, **facts)  # type: ignore[arg-type]


def test_a_revision_is_one_line_with_its_place_its_title_and_its_time() -> None:
    assert said(STARTED, RevisionApplied("0012", 0.04)) == "[12/300] create chunks  0.04 s\n"


def test_a_revision_without_a_title_is_told_by_its_id() -> None:
    started = RevisionStarted("0012", "1 of 1", "")
    assert said(started, RevisionApplied("0012", 0.04)) == "[1/1] 0012  0.04 s\n"


def test_what_is_said_meanwhile_stands_below_its_title() -> None:
    assert said(STARTED, OutputPrinted("stdout", "hello"), RevisionApplied("0012", 41.0)) == (
        "[12/300] create chunks ...\n| hello\n[12/300] create chunks  41.0 s\n"
    )


def test_revisions_that_are_committed_at_once_each_keep_their_title() -> None:
    others = RevisionStarted("0013", "13 of 300", "add a note")
    ends = (RevisionApplied("0012", 0.5), RevisionApplied("0013", 0.25))
    assert said(STARTED, others, *ends) == (
        "[12/300] create chunks  0.50 s\n[13/300] add a note  0.25 s\n"
    )


def test_a_heartbeat_says_how_far_it_is_and_who_is_waited_for() -> None:
    assert said(STARTED, RevisionRunning("0012", 30.0, (), BUILDING)) == (
        "[12/300] create chunks: still running after 30.0 s, 43.1 % (building index)\n"
    )
    waiting = RevisionRunning("0012", 30.0, ("pid 7 waits for pid 8 (psql)",))
    assert said(STARTED, waiting).endswith("after 30.0 s; it waits: pid 7 waits for pid 8 (psql)\n")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (DatabaseAccepted(1, PLACE, tls=True), "connected to app@db:5432/app"),
        (DatabaseAccepted(3, PLACE, tls=True), "connected to app@db:5432/app at attempt 3"),
        (
            ConnectionFailed(1, "refused", 0.25),
            "warning: no connection: refused; again in 0.25 s",
        ),
        (
            ConnectionFailed(1, "refused", 0.25, "::1", "5433"),
            "warning: no connection to [::1]:5433: refused; again in 0.25 s",
        ),
        (
            ConnectionFailed(1, 'server at "db", port 5432 failed', 1.0, "db", "5432"),
            'warning: no connection: server at "db", port 5432 failed; again in 1.00 s',
        ),
        (
            LocksHeldLong("0003", HeldLocks({"accounts": "AccessExclusive"}, 1.5), 1.0),
            "warning: revision 0003 held accounts (AccessExclusive) for 1.50 s, over 1.00 s",
        ),
        (
            RevisionBlocked("0002", 1, 0.5, ("pid 7 waits",), ({"pid": 8},)),
            "warning: revision 0002 did not get its lock within 0.50 s (attempt 1); pid 7 waits",
        ),
    ],
)
def test_an_event_is_told_in_words(event: Event, line: str) -> None:
    assert said(event) == f"{line}\n"


def test_an_event_of_a_target_has_the_words_of_its_own() -> None:
    told = vars(DatabaseAccepted(1, PLACE, tls=True))
    event = TargetEvent("acme", Level.INFO, {"event": "database_accepted", **told})
    assert said(event) == "acme: connected to app@db:5432/app\n"


def test_what_only_a_search_needs_is_left_to_debug() -> None:
    assert said(LockAcquired(0.75)) == ""
    assert said(LockAcquired(0.75), level=LogLevel.DEBUG) == "lock acquired: seconds 0.75\n"


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.slug)
def test_no_event_shows_what_is_for_machines(event: Event) -> None:
    if isinstance(event, RunFinished) or event.slug == "target_event":
        return
    lines = said(event, level=LogLevel.DEBUG)
    assert len(lines.splitlines()) <= 2
    assert not set("{}[]'") & set(lines.removeprefix("[1/2]")), lines
    assert "1234abcd" not in lines


def test_a_secret_is_masked_in_words_too() -> None:
    secrets = Secrets()
    secrets.add("hunter22")
    assert "hunter22" not in said(ConnectionFailed(1, "no hunter22", 1.0), secrets=secrets)


def test_the_last_lines_say_what_happened_in_what_time_and_where() -> None:
    record = after(300, to_revisions=("0300",), from_revisions=())
    assert closing(conclude(record, Outcome.UPGRADED, 4.1)) == [
        "ready: upgraded, 300 revisions to 0300, in 4.10 s",
        "on app@db:5432/app",
    ]


def test_where_nothing_was_to_be_done_they_say_at_which_revision() -> None:
    record = after(0, to_revisions=("0300",))
    first, _ = closing(conclude(record, Outcome.NOTHING_TO_DO, 0.2))
    assert first == "ready: nothing_to_do, at 0300, in 0.20 s"


def test_of_a_failure_they_say_how_far_it_came_and_what_to_do_next() -> None:
    record = after(2, to_revisions=("0002",)).explained_by(Explanation(("why",)))
    error = RevisionFailed("revision 0003 failed", next_step="correct it")
    assert closing(conclude(record, error, 0.4)) == [
        "  why",
        "revision_failed (21) after 0.40 s: revision 0003 failed",
        "2 revisions applied before that; the database is at: 0002",
        "on app@db:5432/app",
        "next: correct it",
    ]


def test_where_nobody_could_look_at_the_end_they_say_what_was_applied() -> None:
    error = RevisionFailed("the server is gone", next_step="run again")
    lines = closing(conclude(after(1), error, 0.4))
    assert lines[1] == "1 revision applied before that"
    assert "applied" not in "".join(closing(conclude(after(0), error, 0.4)))


def test_below_an_answer_they_are_one_line() -> None:
    assert closing(conclude(after(0), Outcome.NOTHING_TO_DO, 0.2), is_answered=True) == [
        "nothing_to_do in 0.20 s on app@db:5432/app"
    ]
    assert closing(conclude(Record(), Outcome.PLANNED, 0.2)) == ["planned in 0.20 s"]


def test_for_a_mistake_in_what_was_typed_there_is_no_verdict() -> None:
    told = usage_lines(conclude(Record(), InvalidSettings("there is no verb wiat"), 0.0))
    assert told[0] == "headstart: there is no verb wiat"
    assert len(told) == 2
    assert "invalid_settings" not in "".join(told)


def test_people_get_them_in_the_place_of_the_verdict_for_machines() -> None:
    stream = io.StringIO()
    log = Log(stream, LogFormat.CONSOLE, LogLevel.ERROR, Secrets(), "1234abcd")
    log.conclude(RunFinished({"outcome": "upgraded", "exit_code": 0}), ["ready: upgraded", "on db"])
    log(OutputPrinted("stdout", "late"))
    assert stream.getvalue() == "ready: upgraded\non db\n"


def test_programs_get_the_verdict_and_no_line_more() -> None:
    stream = io.StringIO()
    log = Log(stream, LogFormat.JSON, LogLevel.ERROR, Secrets(), "1234abcd")
    log.conclude(RunFinished({"outcome": "upgraded", "exit_code": 0}), ["ready: upgraded"])
    assert '"event": "run_finished"' in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1
