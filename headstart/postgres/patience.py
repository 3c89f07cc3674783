"""Connect while others take every slot: a run that holds the lock must not starve by its waiters.

Nothing else is waited for here: another failure in the middle of a run is told at once.
"""

from collections.abc import Callable

from headstart.postgres.connect_failure import is_full
from headstart.postgres.connection import (
    CONNECT_SECONDS,
    ConnectFailed,
    Connection,
    Resolve,
    connect,
)
from headstart.process.deadline import Deadline
from headstart.process.retry import Retry, retried
from headstart.values import dataclass
from headstart.verdict.events.database import ConnectionFailed
from headstart.verdict.events.event import Emit


@dataclass(frozen=True)
class Patience:
    """Until when a slot is waited for, and who is told of each attempt.

    `is_hopeless` is asked once a slot was refused: whether none can ever be free. `make_room` gives
    up what the run itself does not need any more.
    """

    deadline: Deadline
    emit: Emit
    is_hopeless: Callable[[], bool] = lambda: False
    make_room: Callable[[], None] = lambda: None


def connect_when_free(
    resolve: Resolve, name: str, patience: Patience, timeout_seconds: float = CONNECT_SECONDS
) -> Connection:
    """Connect; while no slot is free, try again. Raises ConnectFailed."""

    def may_pass(error: BaseException) -> bool:
        return (
            isinstance(error, ConnectFailed)
            and is_full(error.failure)
            and not patience.is_hopeless()
        )

    def failed(retry: Retry) -> None:
        pause = round(retry.retry_in_seconds, 3)
        patience.make_room()
        place = retry.error.place if isinstance(retry.error, ConnectFailed) else {}
        host, port = place.get("host") or None, place.get("port") or None
        patience.emit(ConnectionFailed(retry.attempt, str(retry.error), pause, host, port))

    return retried(
        lambda: connect(resolve(), name, timeout_seconds), patience.deadline, may_pass, failed
    )
