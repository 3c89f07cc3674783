"""Turn what env.py and revisions raise into our errors: what raised, where, and its SQLSTATE.

Statement text is kept, parameters and DETAIL (rows of people's data) are not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from headstart.revisions.causes import cause_of, cure_of, failing_place, first_line, is_our_own
from headstart.revisions.link import Link, says_lost, sqlstate_of
from headstart.revisions.project import Project
from headstart.revisions.refusal import LeftOnPurpose
from headstart.revisions.refused import refusal_of
from headstart.settings.declared import DeclaredSettings
from headstart.verdict.errors import (
    AccessRefused,
    Blocked,
    BrokenHistory,
    Cancelled,
    ConnectionLost,
    HeadstartError,
    RevisionFailed,
    UnknownRevision,
)
from headstart.verdict.sqlstates import ALREADY_THERE_SQLSTATES

_LOCK_SQLSTATES = frozenset({"55P03", "40P01", "40001"})
"""lock_not_available, deadlock_detected, serialization_failure."""


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
    except (Cancelled, LeftOnPurpose):
        raise
    except HeadstartError as error:
        if isinstance(error, RevisionFailed | BrokenHistory) and link and link.is_lost():
            raise ConnectionLost(f"the connection was lost: {error}") from error
        raise
    except BaseException as error:  # a script may raise anything, KeyboardInterrupt too
        if isinstance(error, SystemExit) and not error.code and done():
            return  # an env.py that leaves so after its work has ended well
        refusal = refusal_of(_behind(error), link) if link and current() is None else None
        if refusal is not None:
            raise refusal from error
        if _was_lost(error, link):
            raise _lost(error, current()) from error
        if isinstance(error, DBAPIError) or hasattr(error, "sqlstate") or hasattr(error, "pgcode"):
            raise _database_failure(error, current(), done(), left()) from error
        if is_our_own(error):
            raise
        raise _script_failure(error, project, current(), done()) from error


def _script_failure(
    error: BaseException, project: Project, revision: str | None, done: bool
) -> HeadstartError:
    ini = project.config.config_file_name or DeclaredSettings.alembic_ini
    place = failing_place(error, [Path(ini).parent, Path(project.directory.dir)])
    # compiled code has the names of the files that it was made from, wherever these were
    script = next((str(s.path) for s in project.scripts if s.revision == revision), "env.py")
    text = f"{place or script}: {cause_of(error)}"
    if revision is None and done:
        return BrokenHistory(
            f"env.py raised after its revisions: {text}", next_step=_note(error) or _RAISED_AFTER
        )
    if revision is None:
        return BrokenHistory(
            f"env.py cannot be run: {text}",
            next_step=_note(error) or cure_of(error) or _CORRECT_ENV,
        )
    next_step = _note(error) or cure_of(error)
    return RevisionFailed(f"revision {revision} raised: {text}", next_step=next_step)


_CORRECT_ENV = "correct env.py, and what it imports, and build the image again"
_RAISED_AFTER = "correct env.py, then run again; what was committed, and `applied` names, is kept"


_REACH_OTHER = (
    "see that what the revision connects to can be reached from here, or take that out of the"
    " revision; then run again"
)


def _note(error: BaseException) -> str | None:
    """What env.py itself has to say to the error (PEP 678)."""
    return "; ".join(getattr(error, "__notes__", ())) or None


def _database_failure(
    error: BaseException, revision: str | None, done: bool, left: bool
) -> HeadstartError:
    """A failure that the driver reported, through SQLAlchemy or by itself."""
    driver_error = getattr(error, "orig", None) or error
    sqlstate = getattr(driver_error, "pgcode", None) or getattr(driver_error, "sqlstate", None)
    where = f"revision {revision}" if revision else "env.py"
    text = f"{where}: {first_line(driver_error)}"
    statement = getattr(error, "statement", None)
    if sqlstate in _LOCK_SQLSTATES:
        rolled_back = "" if left else "; rolled back"
        return Blocked(f"{text}{rolled_back}", sqlstate=sqlstate, statement=statement)
    other = _is_lost(error)
    if other:
        text = f"{text} (not headstart's connection, which is alive)"
    if revision is None and done:
        return BrokenHistory(
            f"env.py raised after its revisions: {text}",
            sqlstate=sqlstate,
            statement=statement,
            next_step=_note(error) or _RAISED_AFTER,
        )
    if revision is None:
        return _env_failure(text, sqlstate, statement, _note(error))
    next_step = _note(error) or (_REACH_OTHER if other else _cure(sqlstate))
    failed = RevisionFailed(text, sqlstate=sqlstate, statement=statement, next_step=next_step)
    failed.revision = revision
    return failed


def _was_lost(error: BaseException, link: Link | None) -> bool:
    """Whether the connection is gone, whatever exception was made of that.

    Where one was heard of, the facts decide: it is gone, or the run lock's is, which is asked
    before somebody is blamed. What an exception says may be of another service's connection.
    """
    sqlstate = sqlstate_of(getattr(error, "orig", None) or error)
    if sqlstate in _LOCK_SQLSTATES:
        return False
    if link is None:
        return _is_lost(error)
    if link.was_gone(error):
        return True
    looks_lost = _is_lost(error)
    if not looks_lost and sqlstate is not None:
        return False  # what the server said about a statement is the revision's own
    if link.known:
        return link.is_lost()
    # of a connection that never got so far nothing is known but what was raised
    return looks_lost or link.is_lost() or any(map(_is_lost, _behind(error)))


def _behind(error: BaseException) -> Iterator[BaseException]:
    """An exception, and all that it was raised for or grouped from; once each."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        grouped = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        linked = (one.__cause__, one.__context__, getattr(one, "orig", None), *grouped)
        waiting += [each for each in linked if isinstance(each, BaseException)]


def _lost(error: BaseException, revision: str | None) -> ConnectionLost:
    causes = list(_behind(error))
    lost = next((one for one in causes if _is_lost(one)), error)
    driver_error = getattr(lost, "orig", None) or lost
    where = f"revision {revision}" if revision else "env.py"
    return ConnectionLost(
        f"the connection was lost in {where}: {first_line(driver_error) or cause_of(error)}",
        sqlstate=sqlstate_of(driver_error),
    )


def _is_lost(error: BaseException) -> bool:
    """Whether an exception of a driver's, or SQLAlchemy's of one, tells of a lost connection."""
    driver_error = getattr(error, "orig", None) or error
    if sqlstate_of(driver_error) is not None:
        return says_lost(driver_error)
    if not (
        isinstance(error, DBAPIError) or hasattr(error, "sqlstate") or hasattr(error, "pgcode")
    ):
        return False
    # without a SQLSTATE it may as well be a value that the driver cannot send: its class tells
    lost_classes = {"OperationalError", "InterfaceError"}
    lost = lost_classes & {cls.__name__ for cls in type(driver_error).__mro__}
    return bool(lost) or getattr(error, "connection_invalidated", False)


def _env_failure(
    text: str, sqlstate: str | None, statement: str | None, note: str | None
) -> HeadstartError:
    """The error for what env.py got from the database before any revision ran."""
    match sqlstate:
        case "42501":
            return AccessRefused(text, sqlstate=sqlstate, statement=statement, next_step=note)
        case "42703" | "42809":
            return UnknownRevision(
                f"the version table is none of Alembic's: {text}",
                sqlstate=sqlstate,
                next_step="look at what has its name; move that away, or give the version table"
                " another name in env.py",
            )
        case _:
            return BrokenHistory(
                text, sqlstate=sqlstate, statement=statement, next_step=note or _CORRECT_ENV
            )


def _cure(sqlstate: str | None) -> str | None:
    if sqlstate in ALREADY_THERE_SQLSTATES:
        return (
            "an earlier revision, a run that was cut off, or a person made it: find out which"
            " (headstart diff), and let the database and the revision agree; then run again"
        )
    return None
