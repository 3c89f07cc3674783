"""Groups of exceptions (asyncio.TaskGroup, anyio, trio): which member tells what happened.

A task that fails cancels its siblings, so a group holds what went wrong beside what followed from
it; and "unhandled errors in a TaskGroup (1 sub-exception)" says nothing to anybody.
"""

from asyncio import CancelledError
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from headstart.revisions.asking import has
from headstart.revisions.refusal import LeftOnPurpose
from headstart.verdict.errors import Cancelled, HeadstartError


def telling(error: BaseException) -> BaseException:
    """Of a group the member that tells most, however deep it is; any other error itself."""
    return min(_members(error), key=_rank)


def beside(error: BaseException) -> str:
    """How many errors a group has beside the one that is told, as the end of a message."""
    others = sum(not isinstance(one, CancelledError) for one in _members(error)) - 1
    return f" (and {others} more in its {type(error).__name__})" if others > 0 else ""


def _members(error: BaseException) -> Iterator[BaseException]:
    waiting = [error]  # no recursion: a group may be as deep as a script likes
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseExceptionGroup):
            waiting += reversed(one.exceptions)
        else:
            yield one


def _rank(error: BaseException) -> int:
    """What ends the run as it is, what was refused, what the database said, all else, echoes."""
    kinds = (
        isinstance(error, Cancelled),
        isinstance(error, HeadstartError),
        isinstance(error, LeftOnPurpose),
        isinstance(error, DBAPIError) or has(error, "sqlstate") or has(error, "pgcode"),
        isinstance(error, Exception),
        not isinstance(error, CancelledError),  # an exit, which claims success beside a failure
    )
    return kinds.index(True) if any(kinds) else len(kinds)
