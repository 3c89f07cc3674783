"""Whatever a text holds, it stays in its line, and no terminal obeys it."""

import io
import json
import random
import sys
import unicodedata

import pytest

from headstart.command.output import answer_text, summary_lines
from headstart.command.preview_text import preview_text
from headstart.decision.lint import Finding, Lint, Unread
from headstart.decision.plan import Preview
from headstart.facts.live_tables import LiveTable
from headstart.facts.sql import identifier
from headstart.facts.state import State
from headstart.facts.visible import json_text, lines_of, one_line
from headstart.process.log import Log
from headstart.process.redaction import Secrets
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.settings.request import Output
from headstart.verdict.conclusion import Verdict, conclude
from headstart.verdict.errors import Drifted, Explanation
from headstart.verdict.events.execution import (
    OutputPrinted,
    RunFinished,
    StatementFailed,
    TracebackCaught,
)
from headstart.verdict.fields import verdict_fields
from headstart.verdict.record import Record
from headstart.verdict.termination import TERMINATION_MESSAGE_BYTES, termination_message

HARMFUL = {"Cc", "Cs", "Zl", "Zp"}
FORMAT = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\ufff9\U000e0001"
FORGED = "t\r\n\x1b[2K\x1b[32mready: nothing_to_do\x1b[0m\x9b\u202e\u2028\u2029\x85\ud800\x00\t"
TEXTS = [
    "".join(random.Random(seed).choices([*map(chr, range(0x3000)), *FORMAT], k=40))
    for seed in range(40)
]
HOSTILE = [FORGED, FORMAT, "\x1b]0;title\x07", "\x7f", "\U000e0041", *TEXTS]


def harmful(text: str) -> list[str]:
    """What a text must not hold."""
    return [c for c in text if unicodedata.category(c) in HARMFUL or c in FORMAT]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\nb\r\tc", r"a\nb\r\tc", id="ends of lines"),
        pytest.param("\x1b[31m\x00\x7f\x9b", r"\x1b[31m\x00\x7f\x9b", id="control characters"),
        pytest.param("a\u202eb\u2066\u200e", r"a\u202eb\u2066\u200e", id="directions"),
        pytest.param("a\u2028b\u2029\x85", r"a\u2028b\u2029\x85", id="other ends of lines"),
        pytest.param("a\U000e0041", r"a\U000e0041", id="tags"),
        pytest.param("\udcff", r"\udcff", id="a byte that is no character"),
        pytest.param("größe 名前 😀 C:\\n", "größe 名前 😀 C:\\n", id="everything else"),
    ],
)
def test_what_may_deceive_is_escaped_and_everything_else_stays(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_no_control_character_and_no_end_of_a_line_gets_through() -> None:
    every = "".join(map(chr, range(0x110000)))
    assert harmful(one_line(every)) == []
    assert harmful(json_text(every)) == []
    assert one_line(every).splitlines() == [one_line(every)]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_json_is_the_same_value_to_a_program(text: str) -> None:
    value = {text: [text, {"x": text}]}
    assert json.loads(json_text(value)) == value
    assert harmful(json_text(value)) == []


def verdict_of(text: str) -> Verdict:
    """A verdict with this text in each of its places."""
    record = Record(
        "run",
        "0",
        text,
        text,
        from_revisions=(text,),
        to_revisions=(text,),
        database={"name": text, "user": text},
    )
    error = Drifted(
        text,
        next_step=text,
        statement=text,
        explanation=Explanation((text, text), {"extra": [text]}),
    )
    return conclude(record, error, 0.0)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_an_answer_has_the_lines_that_are_ours(text: str) -> None:
    verdict = verdict_of(text)
    fields = verdict_fields(verdict)
    answer = answer_text(verdict, fields, Output.TEXT, Secrets())
    assert harmful(answer.replace("\n", "")) == []
    assert answer.startswith("drifted: ")
    assert len(answer.splitlines()) == len(summary_lines(verdict))
    assert harmful(answer_text(verdict, fields, Output.JSON, Secrets())) == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_plan_has_the_lines_that_are_ours(text: str) -> None:
    preview = Preview(
        State.BEHIND, "upgrade", (text,), (text,), (text,), (text,), True, explanation=(text,)
    )
    answer = preview_text(preview, Output.TEXT, Secrets())
    assert harmful(answer.replace("\n", "")) == []
    assert len(answer.splitlines()) == 9
    assert harmful(preview_text(preview, Output.JSON, Secrets())) == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nor_in_what_a_lint_found(text: str) -> None:
    table = LiveTable(text, text, 1, 2, 3, 4)
    found = Finding(text, text, text, 1, f'DROP TABLE "{text}"', text, table)
    lint = Lint((text,), (found,), (found,), (Unread(text, text),))
    preview = Preview(State.BEHIND, "upgrade", (), (), (), (), False, lint=lint)
    answer = preview_text(preview, Output.TEXT, Secrets())
    assert harmful(answer.replace("\n", "")) == []
    assert len(answer.splitlines()) == 9
    assert harmful(preview_text(preview, Output.JSON, Secrets())) == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_termination_message_is_one_line_of_the_right_size(text: str) -> None:
    message = termination_message(verdict_fields(verdict_of(text * 60)))
    assert harmful(message) == []
    assert len(message.encode()) <= TERMINATION_MESSAGE_BYTES
    json.loads(message)


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.CONSOLE])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_an_event_is_one_line(text: str, form: LogFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    log = Log(sys.stderr, form, LogLevel.DEBUG, Secrets(), "run")
    log(OutputPrinted("stdout", text))
    log.conclude(
        RunFinished({"exit_code": 0, "x": text, "nested": {text: [text]}}), [f"  {text}", text]
    )
    *lines, end = written.getvalue().split("\n")
    assert (len(lines), end) == (3 if form is LogFormat.CONSOLE else 2, "")
    assert harmful("".join(lines)) == []


@pytest.mark.parametrize("kind", [StatementFailed, TracebackCaught])
def test_what_people_read_line_by_line_is_indented_below_its_event(
    kind: type[StatementFailed | TracebackCaught], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    text = "SELECT 1\nready: \x1b[1mnothing_to_do\u2028ready: upgraded"
    Log(sys.stderr, LogFormat.CONSOLE, LogLevel.DEBUG, Secrets(), "run")(kind(text))
    event, *below = written.getvalue().splitlines()
    assert event.endswith(":")
    assert below == ["    SELECT 1", r"    ready: \x1b[1mnothing_to_do", "    ready: upgraded"]


def test_a_text_of_several_lines_is_harmless_in_each() -> None:
    assert lines_of("a\n\x1bb\u2028c") == ["a", r"\x1bb", "c"]


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        pytest.param("jobs", '"jobs"', id="plain"),
        pytest.param('a"b\\c', '"a""b\\c"', id="quoted"),
        pytest.param('a\n\u202e\\"', 'U&"a\\+00000a\\+00202e\\\\"""', id="hostile"),
    ],
)
def test_a_name_in_sql_may_be_shown_and_executed(name: str, sql: str) -> None:
    assert identifier(name) == sql
