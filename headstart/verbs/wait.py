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
from headstart.verdict.events.database import DatabaseNotReady, WaitMeasured
from headstart.verdict.outcome import Outcome

_FINAL = (InvalidSettings, AccessRefused, BrokenHistory)
"""What waiting does not cure."""


def wait(task: Task, _: Request) -> Outcome:
    """Check until the database is ready; at the deadline raise what the last check said."""
    image = read_image(task)
    started, attempts = time.monotonic(), 0
    grace = task.within(task.settings.access_grace_seconds)

    def may_pass(error: BaseException) -> bool:
        if isinstance(error, AccessRefused):
            return not grace.passed(time.monotonic())
        return isinstance(error, HeadstartError) and not isinstance(error, _FINAL)

    def not_ready(failed: Retry) -> None:
        task.emit(DatabaseNotReady(str(failed.error), round(failed.retry_in_seconds, 3)))

    def attempt() -> Outcome:
        nonlocal attempts
        attempts += 1
        try:
            return check_against(image, task, Occasion.WAIT, attempts)
        finally:
            task.emit(WaitMeasured(time.monotonic() - started))

    return retried(attempt, task.within(task.settings.wait_seconds), may_pass, not_ready)
