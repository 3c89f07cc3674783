"""Turn what env.py and revisions raise into our errors: what raised, where, and its SQLSTATE.

Statement text is kept, parameters and DETAIL (rows of people's data) are not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from headstart.errors import (
    Blocked,
    BrokenHistory,
    ConnectionLost,
    HeadstartError,
    RevisionFailed,
)
from headstart.revisions.project import Project, failing_place

_LOCK_SQLSTATES = frozenset({"55P03", "40P01", "40001"})
"""lock_not_available, deadlock_detected, serialization_failure."""
_LOST_CONNECTION_CLASSES = ("08", "57P")
_ALREADY_THERE_SQLSTATES = frozenset({"42P07", "42710", "42701", "42P06"})


@contextmanager
def named_failures(project: Project, current: Callable[[], str | None]) -> Iterator[None]:
    """Name what raised in the block; `current` tells the revision that is running, if any."""
    try:
        yield
    except HeadstartError:
        raise
    except DBAPIError as error:
        raise _database_failure(error, current()) from error
    except (Exception, SystemExit) as error:  # a script may raise anything, and call sys.exit
        raise _script_failure(error, project, current()) from error


def _script_failure(
    error: Exception | SystemExit, project: Project, revision: str | None
) -> HeadstartError:
    ini = project.config.config_file_name or "alembic.ini"
    place = failing_place(error, [Path(ini).parent, Path(project.directory.dir)])
    text = f"{place or 'env.py'}: {type(error).__name__}: {_first_line(error)}"
    if revision is None:
        return BrokenHistory(f"env.py cannot be run: {text}", next_step=_note(error))
    return RevisionFailed(f"revision {revision} raised: {text}", next_step=_note(error))


def _first_line(error: BaseException) -> str:
    """What an error says, without the SQL, parameters and DETAIL that drivers append to it."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary is None and isinstance(error, SQLAlchemyError):
        primary = error.args[0] if error.args else ""
    return next(iter(str(primary or error).splitlines()), "")


def _note(error: BaseException) -> str | None:
    """What env.py itself has to say to the error (PEP 678)."""
    return "; ".join(getattr(error, "__notes__", ())) or None


def _database_failure(error: DBAPIError, revision: str | None) -> HeadstartError:
    sqlstate = getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None)
    where = f"revision {revision}" if revision else "env.py"
    text = f"{where}: {_first_line(error.orig or error)}"
    if sqlstate in _LOCK_SQLSTATES:
        return Blocked(f"{text}; rolled back", sqlstate=sqlstate, statement=error.statement)
    if (sqlstate or "08").startswith(_LOST_CONNECTION_CLASSES):
        return ConnectionLost(f"the connection was lost in {text}", sqlstate=sqlstate)
    failure = BrokenHistory if revision is None else RevisionFailed
    return failure(
        text,
        sqlstate=sqlstate,
        statement=error.statement,
        next_step=_note(error) or _cure(sqlstate),
    )


def _cure(sqlstate: str | None) -> str | None:
    if sqlstate in _ALREADY_THERE_SQLSTATES:
        return (
            "something made this object outside Alembic: compare it with the revision, then remove"
            " it or stamp the revision"
        )
    return None
