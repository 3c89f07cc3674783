"""The verb wait: check, repeated until the database is ready; for app pods."""

import time

from headstart.decision.drift import Occasion
from headstart.process.retry import Retry, retried
from headstart.settings.request import Request
from headstart.verbs.check import check_against
from headstart.verbs.inspection import read_image
from headstart.verbs.task import Task
from headstart.verdict.errors import (
    AccessRefused,
    BrokenHistory,
    HeadstartError,
    InvalidSettings,
)
from headstart.verdict.outcome import Outcome

_FINAL = (InvalidSettings, AccessRefused, BrokenHistory)
"""What waiting does not cure."""


def wait(task: Task, _: Request) -> Outcome:
    """Check until the database is ready; at the deadline raise what the last check said."""
    image = read_image(task)
    started = time.monotonic()
    grace = task.within(task.settings.access_grace_seconds)

    def may_pass(error: BaseException) -> bool:
        if isinstance(error, AccessRefused):
            return not grace.passed(time.monotonic())
        return isinstance(error, HeadstartError) and not isinstance(error, _FINAL)

    def not_ready(failed: Retry) -> None:
        seconds = round(failed.retry_in_seconds, 3)
        task.say("database_not_ready", cause=str(failed.error), retry_in_seconds=seconds)

    def attempt() -> Outcome:
        try:
            return check_against(image, task, Occasion.WAIT)
        finally:
            task.record.wait_seconds = time.monotonic() - started

    return retried(attempt, task.within(task.settings.wait_seconds), may_pass, not_ready)
