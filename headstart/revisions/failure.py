"""Turn what env.py and revisions raise into our errors: what raised, where, and its SQLSTATE.

Statement text is kept, parameters and DETAIL (rows of people's data) are not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from headstart.errors import (
    AccessRefused,
    Blocked,
    BrokenHistory,
    Cancelled,
    ConnectionLost,
    HeadstartError,
    RevisionFailed,
    UnknownRevision,
)
from headstart.left_behind import ALREADY_THERE_SQLSTATES
from headstart.revisions.causes import cause_of, cure_of, failing_place, first_line
from headstart.revisions.preparation import LeftOnPurpose
from headstart.revisions.project import Project

_LOCK_SQLSTATES = frozenset({"55P03", "40P01", "40001"})
"""lock_not_available, deadlock_detected, serialization_failure."""
_LOST_CONNECTION_CLASSES = ("08", "57P")


@contextmanager
def named_failures(
    project: Project,
    current: Callable[[], str | None],
    done: Callable[[], bool] = lambda: False,
    left: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Name what raised in the block.

    `current` tells the revision that is running, if any; `done`, whether all of them have run;
    `left`, whether the one that is running has left its transaction.
    """
    try:
        yield
    except (HeadstartError, Cancelled, LeftOnPurpose):
        raise
    except BaseException as error:  # a script may raise anything, KeyboardInterrupt too
        if isinstance(error, SystemExit) and not error.code and done():
            return  # an env.py that leaves so after its work has ended well
        if isinstance(error, DBAPIError) or hasattr(error, "sqlstate") or hasattr(error, "pgcode"):
            raise _database_failure(error, current(), done(), left()) from error
        raise _script_failure(error, project, current(), done()) from error


def _script_failure(
    error: BaseException, project: Project, revision: str | None, done: bool
) -> HeadstartError:
    ini = project.config.config_file_name or "alembic.ini"
    place = failing_place(error, [Path(ini).parent, Path(project.directory.dir)])
    text = f"{place or 'env.py'}: {cause_of(error)}"
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
    if _is_lost(error, driver_error, sqlstate):
        return ConnectionLost(f"the connection was lost in {text}", sqlstate=sqlstate)
    if revision is None and done:
        return BrokenHistory(
            f"env.py raised after its revisions: {text}",
            sqlstate=sqlstate,
            statement=statement,
            next_step=_note(error) or _RAISED_AFTER,
        )
    if revision is None:
        return _env_failure(text, sqlstate, statement, _note(error))
    next_step = _note(error) or _cure(sqlstate)
    failed = RevisionFailed(text, sqlstate=sqlstate, statement=statement, next_step=next_step)
    failed.revision = revision
    return failed


def _is_lost(error: BaseException, driver_error: BaseException, sqlstate: str | None) -> bool:
    if sqlstate is not None:
        return sqlstate.startswith(_LOST_CONNECTION_CLASSES)
    # without a SQLSTATE it may as well be a value that the driver cannot send: its class tells
    lost_classes = {"OperationalError", "InterfaceError"}
    lost = lost_classes & {cls.__name__ for cls in type(driver_error).__mro__}
    return bool(lost) or getattr(error, "connection_invalidated", False)


def _env_failure(
    text: str, sqlstate: str | None, statement: str | None, note: str | None
) -> HeadstartError:
    """What the database told env.py before any revision ran."""
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
