"""The harness itself: one runner, one environment, and results that tell a wrong one."""

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.environment import ROOT
from tests.harness.program import Run, run_program, start_program
from tests.harness.project import ProjectCopy
from tests.harness.result import TERMINATION_BYTES, Result, read_events, split_log

STARTS = re.compile(
    r"^import subprocess|^from subprocess import (?!TimeoutExpired$|CalledProcessError$)"
    r"|\bos\.(system|spawn|exec)",
    re.MULTILINE,
)
RUNNERS = {
    *("tests/harness/program.py", "tests/harness/embedded.py", "tests/harness/warm.py"),
    *("tests/harness/unread.py", "tests/harness/terminal.py"),
}
"""The second starts servers as another account, the third what the first one has started, and the
last ones what writes to a pipe that nobody reads, and to a terminal."""
VERDICT = {"event": "run_finished", "outcome": "upgraded", "exit_code": 0, "applied": []}
ENDED = Result(0, "", '{"event": "run_started"}\n' + json.dumps(VERDICT) + "\n")


def test_nothing_but_the_harness_starts_a_process() -> None:
    own = (
        *ROOT.glob("tests/*.py"),
        *ROOT.glob("tests/[!p]*/*.py"),
        *ROOT.glob("tests/projects/*.py"),
    )
    code = {file.relative_to(ROOT).as_posix(): outside_texts(file.read_text()) for file in own}
    assert {name for name, text in code.items() if STARTS.search(text)} == RUNNERS


def test_a_script_that_is_written_twice_in_a_second_is_run_as_it_is_last(tmp_path: Path) -> None:
    project = ProjectCopy(tmp_path)
    project.versions.mkdir(parents=True)
    for body in ("print('first')", "print('later')"):
        file = project.add("0001", None, body)
        os.utime(file, (1e9, 1e9))  # the same second, and the same size
        code = f"import importlib.machinery as m; m.SourceFileLoader('r', {str(file)!r})"
        done = run_program(sys.executable, "-c", f"{code}.load_module().upgrade()")
    assert done.stdout == "later\n", done.stderr


def outside_texts(source: str) -> str:
    """The code without its literals: some are scripts for a program that runs."""
    return re.sub(r'"""[\s\S]*?"""|"[^"\n]*"|\'[^\'\n]*\'', "", source)


def test_a_started_program_sees_only_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "HEADSTART_TARGET", "DATABASE_URL", "PYTHONPATH", "ANYTHING"):
        monkeypatch.setenv(name, "the machine's")
    seen = run_program("env", env={"PGUSER": "given"}).stdout
    assert "the machine's" not in seen
    assert "PGUSER=given\n" in seen
    assert f"PATH={sys.prefix}/bin:" in seen


def test_a_run_that_is_left_is_ended() -> None:
    with start_program("sleep", "60") as run:
        assert run.process.poll() is None
    assert run.process.returncode == -9


def test_both_streams_are_kept_apart_or_in_order() -> None:
    script = ("sh", "-c", "cat; echo b >&2; echo c; exit 3")
    apart = run_program(*script, stdin="a\n")
    assert (apart.exit_code, apart.stdout, apart.stderr) == (3, "a\nc\n", "b\n")
    with Run(script, {}, stdin=b"a\n", merged=True) as run:
        assert run.end().stdout == "a\nb\nc\n"


def test_an_event_is_given_when_its_line_is_whole() -> None:
    script = 'printf \'{"event": "one"}\\n{"event": \' >&2; sleep 0.5; printf \'"two"}\\n\' >&2'
    with start_program("sh", "-c", script) as run:
        run.await_event("one")
        assert [event["event"] for event in run.events()] == ["one"]
        assert [event["event"] for event in run.stream()] == ["one", "two"]


def test_a_verdict_is_the_last_line_and_has_the_exit_code_of_its_process() -> None:
    assert (ENDED.outcome, ENDED.applied) == ("upgraded", [])
    for wrong in (
        replace(ENDED, exit_code=1),
        replace(ENDED, stderr=""),
        replace(ENDED, stderr='{"event": "run_started"}\n'),
        replace(ENDED, stderr=ENDED.stderr + "Traceback\n"),
        replace(ENDED, stderr=ENDED.stderr + '{"event": "one_more"}\n'),
    ):
        with pytest.raises(AssertionError):
            assert wrong.verdict


def test_a_termination_message_is_whole_and_has_the_exit_code_too() -> None:
    told = json.dumps(VERDICT)
    assert replace(ENDED, termination=told).told == VERDICT
    for wrong in (
        replace(ENDED, termination=told, exit_code=1),
        replace(ENDED, termination=told + " " * TERMINATION_BYTES),
    ):
        with pytest.raises(AssertionError):
            assert wrong.told


def test_bytes_that_are_no_utf_8_are_no_event() -> None:
    ended = run_program("printf", '{"event": "\\377"}')
    with pytest.raises(AssertionError, match="not only events"):
        read_events(ended.stdout)


def test_a_containers_log_is_split_into_answers_and_events() -> None:
    log = '\x1b[2K{"event": "one"}\nready\n\x1b[2Kanswer {1}\n{"event": "two"}'
    answers, events = split_log(log)
    assert answers == "ready\nanswer {1}\n"
    assert [event["event"] for event in read_events(events)] == ["one", "two"]
