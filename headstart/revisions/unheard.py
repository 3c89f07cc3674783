"""A statement that failed on a driver's own cursor, where the script kept the error to itself.

SQLAlchemy tells nobody of these. What is left is a transaction that has failed, for a reason that
nobody knows: it may pass, as a lock that was waited for in vain does.
"""

from headstart.revisions.causes import cause_of
from headstart.revisions.database_failure import note_of
from headstart.revisions.driver_error import is_drivers, state_of
from headstart.revisions.groups import telling
from headstart.revisions.link import FAILED_TRANSACTION, Link
from headstart.revisions.moment import Moment
from headstart.revisions.passing import behind
from headstart.verdict.errors import ServerFailed


def is_unheard(raised: BaseException, link: Link | None) -> bool:
    """Whether a statement failed of which nobody knows anything but that: it may pass."""
    if link is None or any(is_drivers(one) and _told_state(one) for one in behind(raised)):
        return False
    return link.unheard or state_of(telling(raised)) == FAILED_TRANSACTION


def _told_state(error: BaseException) -> str | None:
    """The SQLSTATE of an error that tells by itself what happened."""
    state = state_of(error)
    return None if state == FAILED_TRANSACTION else state


def unheard(error: BaseException, moment: Moment) -> ServerFailed:
    where = f"revision {moment.revision}" if moment.revision else "env.py"
    return ServerFailed(
        f"{where}: a statement failed, and the script went on, so that nobody knows why; then it"
        f" met {cause_of(error)}",
        sqlstate=state_of(error),
        next_step=note_of(error) or _LET_IT_RAISE,
    )


_LET_IT_RAISE = (
    "run again; if it happens again, let the script raise what it catches (or execute it in a"
    " savepoint, through op.execute() or op.get_bind()), which tells what to correct"
)
