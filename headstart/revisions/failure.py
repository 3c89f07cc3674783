"""Turn what env.py and revisions raise into our errors: what raised, where, and its SQLSTATE.

Statement text is kept for the log, parameters and DETAIL (rows of people's data) are not.
"""

from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import PendingRollbackError

from headstart.revisions.asking import asked
from headstart.revisions.causes import cause_of, cure_of, first_line, is_our_own
from headstart.revisions.database_failure import (
    CORRECT_ENV,
    RAISED_AFTER,
    database_failure,
    note_of,
    place_of,
)
from headstart.revisions.driver_error import (
    fault_told,
    is_drivers,
    says_lost,
    sqlstate_of,
    state_of,
)
from headstart.revisions.groups import beside, telling
from headstart.revisions.link import FAILED_TRANSACTION, Link
from headstart.revisions.moment import Moment
from headstart.revisions.passing import behind, has_timed_out, may_pass
from headstart.revisions.project import Project
from headstart.revisions.refusal import LeftOnPurpose
from headstart.revisions.refused import login_changed, refusal_of
from headstart.revisions.unheard import is_unheard, unheard
from headstart.verdict.errors import (
    BrokenHistory,
    Cancelled,
    ConnectionLost,
    HeadstartError,
    RevisionFailed,
    ServerFailed,
)
from headstart.verdict.sqlstates import Fault, fault_of


@contextmanager
def named_failures(
    project: Project,
    current: Callable[[], str | None],
    done: Callable[[], bool] = lambda: False,
    left: Callable[[], bool] = lambda: False,
    link: Link | None = None,
) -> Iterator[None]:
    """Name what raised in the block.

    `current` tells the revision that is running, if any; `done`, whether all of them have run;
    `left`, whether the one that is running has left its transaction. `link` knows whether the
    connection is still there: to lose one is no mistake in a script.
    """
    try:
        yield
    except BaseException as raised:  # a script may raise anything, KeyboardInterrupt too
        moment = Moment(project, current(), done(), left(), link)
        try:
            error = telling(raised)
            if isinstance(error, SystemExit) and not error.code and moment.done:
                return  # an env.py that leaves so after its work has ended well
            named = _named(raised, moment)
        except Exception:  # noqa: BLE001 of an exception that breaks whoever looks at it
            raise _unreadable(moment) from None
        if named is raised:
            raise
        # of what a group has, as it is: what it was itself raised for is kept
        raise named from (error.__cause__ if named is error else error)


def _named(raised: BaseException, moment: Moment) -> BaseException:
    """The error that stands for what was raised; itself where it says enough."""
    error, link = telling(raised), moment.link
    if isinstance(error, Cancelled | LeftOnPurpose):
        return error
    if isinstance(error, HeadstartError):
        if isinstance(error, RevisionFailed | BrokenHistory) and link and link.is_lost():
            return ConnectionLost(f"the connection was lost: {error}")
        return error
    refusal = refusal_of(behind(raised), link) if link and moment.revision is None else None
    if refusal is not None:
        return refusal
    if _was_lost(raised, link):
        return _lost(raised, moment.revision)
    if moment.revision is not None and link and (changed := login_changed(behind(raised), link)):
        return changed
    told = _told_by_driver(raised, link)
    if told is None and is_unheard(raised, link):
        return unheard(error, moment)
    if told is not None:
        more = beside(raised) or _passed_on(told, error, link)
        return database_failure(told, moment, elsewhere=_is_lost(told), beside=more)
    if is_our_own(error):
        return error
    return _script_failure(raised, moment)


_BEHIND = frozenset({Fault.CONNECTION, Fault.SERVER, Fault.LOCK, Fault.ACCESS, Fault.UNKNOWN})
"""What tells more than whatever a script has made of it: no correction of the script helps."""


def _told_by_driver(raised: BaseException, link: Link | None) -> BaseException | None:
    """The driver's error that tells what happened; None if the script's own error does.

    In a transaction that has failed only the error before tells: a script may have swallowed it.
    One that may pass decides even if the script has kept nothing of it but its words.
    """
    error = telling(raised)
    follows = isinstance(error, PendingRollbackError) or state_of(error) == FAILED_TRANSACTION
    if follows and link is not None and link.error is not None:
        return link.error
    if state_of(error) == FAILED_TRANSACTION and link is not None:
        return link.passing
    if is_drivers(error):
        return error
    causes = (one for one in behind(raised) if is_drivers(one))
    told = (one for one in causes if state_of(one) and fault_told(one) in _BEHIND)
    # without a SQLSTATE only where the script says that this is the cause
    lost = (one for one in _raised_from(error) if is_drivers(one) and _is_lost(one))
    return next(told, None) or next(lost, None) or (link.passing if link is not None else None)


def _passed_on(told: BaseException, error: BaseException, link: Link | None) -> str:
    """How the script went on after what the server said, where its own error shows nothing."""
    is_behind = link is None or told is not link.passing or told in behind(error)
    return "" if is_behind else f"; then the script raised {type(error).__name__}"


def _raised_from(error: BaseException) -> Iterator[BaseException]:
    """What an exception says it was raised from, and so on."""
    seen = {id(error)}
    while (cause := error.__cause__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        error = cause


def _script_failure(error: BaseException, moment: Moment) -> HeadstartError:
    project, revision = moment.project, moment.revision
    place = place_of(error, project)
    # compiled code has the names of the files that it was made from, wherever these were
    script = next((str(s.path) for s in project.scripts if s.revision == revision), "env.py")
    text = f"{place or script}: {cause_of(error)}"
    note = note_of(telling(error))
    if may_pass(error):
        where = f"revision {revision}" if revision else "env.py"
        return ServerFailed(f"{where}: {text}", next_step=note or _ELSEWHERE)
    cure = cure_of(error) or (_OUT_OF_TIME if _ran_out_of_time(telling(error)) else None)
    if revision is None and moment.done:
        return BrokenHistory(
            f"env.py raised after its revisions: {text}", next_step=note or RAISED_AFTER
        )
    if revision is None:
        return BrokenHistory(f"env.py cannot be run: {text}", next_step=note or cure or CORRECT_ENV)
    next_step = note or cure
    return RevisionFailed(f"revision {revision} raised: {text}", next_step=next_step)


def _unreadable(moment: Moment) -> HeadstartError:
    text = "an exception that breaks whoever looks at it, by its class or its attributes"
    if moment.revision is None:
        return BrokenHistory(f"env.py cannot be run: it raised {text}", next_step=CORRECT_ENV)
    return RevisionFailed(f"revision {moment.revision} raised {text}")


_ELSEWHERE = (
    "see that what the script asks can be reached from here and answers in time, and that this"
    " machine has memory and disk left; then run again"
)

_OUT_OF_TIME = (
    "a time limit has ended it: raise the one that env.py or a script has set (asyncio.timeout(),"
    " asyncio.wait_for(), the driver's command_timeout, say), or take it out"
    " (HEADSTART_DEADLINE_SECONDS ends a run that takes too long); then run again"
)


def _ran_out_of_time(error: BaseException) -> bool:
    """Whether a limit in the process has ended it; what the network gives up has a number."""
    timed_out = isinstance(error, TimeoutError) and error.errno is None and not has_timed_out(error)
    return timed_out or isinstance(error, CancelledError)


def _was_lost(error: BaseException, link: Link | None) -> bool:
    """Whether the connection is gone, whatever exception was made of that.

    Where one was heard of, the facts decide: it is gone, or the run lock's is, which is asked
    before somebody is blamed. What an exception says may be of another service's connection.
    """
    sqlstate = state_of(error)
    if fault_of(sqlstate) is Fault.LOCK:
        return False
    if link is None:
        return _is_lost(error)
    if link.known and _ran_out_of_time(telling(error)):
        return link.is_lock_lost()  # who gives up in the middle of a statement breaks off himself
    if link.was_gone(error):
        return True
    looks_lost = _is_lost(error)
    if not looks_lost and sqlstate is not None:
        return False  # what the server said about a statement is the revision's own
    if link.known:
        return link.is_lost()
    # of a connection that never got so far nothing is known but what was raised
    return looks_lost or link.is_lost() or any(map(_is_lost, behind(error)))


def _lost(error: BaseException, revision: str | None) -> ConnectionLost:
    causes = list(behind(error))
    lost = next((one for one in causes if _is_lost(one)), error)
    driver_error = asked(lost, "orig") or lost
    where = f"revision {revision}" if revision else "env.py"
    return ConnectionLost(
        f"the connection was lost in {where}: {first_line(driver_error) or cause_of(error)}",
        sqlstate=sqlstate_of(driver_error),
    )


def _is_lost(error: BaseException) -> bool:
    """Whether an exception of a driver's, or SQLAlchemy's of one, tells of a lost connection."""
    driver_error = asked(error, "orig") or error
    if sqlstate_of(driver_error) is not None:
        return says_lost(driver_error)
    if not is_drivers(error):
        return False
    # without a SQLSTATE it may as well be a value that the driver cannot send: its class tells
    lost_classes = {"OperationalError", "InterfaceError"}
    lost = lost_classes & {cls.__name__ for cls in type(driver_error).__mro__}
    return bool(lost) or getattr(error, "connection_invalidated", False)
