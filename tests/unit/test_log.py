"""The log's last line is the last one, whoever writes at that moment."""

import io
import json
import threading

from headstart.process.log import Log
from headstart.process.redaction import Secrets
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.verdict.events.execution import RunFinished, SettingsWarned


def a_log(stream: io.StringIO) -> Log:
    return Log(stream, LogFormat.JSON, LogLevel.DEBUG, Secrets(), "1234abcd")


def events(stream: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in stream.getvalue().splitlines()]


def test_what_comes_after_the_last_line_is_not_written() -> None:
    stream = io.StringIO()
    log = a_log(stream)
    log(SettingsWarned("one"))
    log.conclude(RunFinished({"outcome": "upgraded", "exit_code": 0}))
    log(SettingsWarned("two"))
    assert events(stream) == ["settings_warned", "run_finished"]


def test_whoever_speaks_all_the_time_is_cut_off_by_it() -> None:
    stream, ended = io.StringIO(), threading.Event()
    log = a_log(stream)

    def speak() -> None:
        while not ended.is_set():
            log(SettingsWarned("again"))

    speakers = [threading.Thread(target=speak, daemon=True) for _ in range(4)]
    for each in speakers:
        each.start()
    log.conclude(RunFinished({"outcome": "upgraded", "exit_code": 0}))
    ended.wait(0.05)
    ended.set()
    for each in speakers:
        each.join()
    assert events(stream)[-1] == "run_finished"
    assert events(stream).count("run_finished") == 1


class Stuck(io.StringIO):
    """A stream whose reader is gone, for the first who writes."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.freed = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        if not self.entered.is_set():
            self.entered.set()
            self.freed.wait()
        return super().write(text)


def test_it_does_not_wait_for_ever_for_somebody_who_is_stuck() -> None:
    stream = Stuck()
    log = a_log(stream)
    stuck = threading.Thread(target=log, args=(SettingsWarned("one"),), daemon=True)
    stuck.start()
    assert stream.entered.wait(5)
    log.conclude(RunFinished({"outcome": "upgraded", "exit_code": 0}))
    assert events(stream) == ["run_finished"]
    stream.freed.set()
    stuck.join()
