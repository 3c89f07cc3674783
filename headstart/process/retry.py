"""The one retry loop: attempts with growing pauses until a deadline.

The run lock is no retry: postgres/lock_polling.py keeps its connection from one poll to the next.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from headstart.process.deadline import Deadline, backoff_seconds
from headstart.values import dataclass

Result = TypeVar("Result")


@dataclass(frozen=True)
class Retry:
    """An attempt that failed, counted from 1, and the pause before the next one."""

    attempt: int
    error: BaseException
    retry_in_seconds: float


def retried(
    attempt: Callable[[], Result],
    deadline: Deadline,
    may_pass: Callable[[BaseException], bool],
    before_pause: Callable[[Retry], None],
) -> Result:
    """Call `attempt` until it succeeds, or fails for good.

    Raises the last error where `may_pass` says that waiting does not cure it, or the deadline has
    passed.
    """
    try:
        return attempt()
    except BaseException as error:  # noqa: BLE001 - raised again by the first of the loop
        first = [error]

    # a run whose attempts all succeed has no need of it, nor of the milliseconds that it costs
    import tenacity

    def again() -> Result:
        if first:
            raise first.pop()
        return attempt()

    def failed(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        assert error is not None
        assert state.next_action is not None
        before_pause(Retry(state.attempt_number, error, state.next_action.sleep))

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(may_pass),
        stop=lambda _: deadline.passed(time.monotonic()),
        wait=lambda state: deadline.clip(
            backoff_seconds(state.attempt_number, random.random()), time.monotonic()
        ),
        before_sleep=failed,
        reraise=True,
    )
    return retrying(again)
