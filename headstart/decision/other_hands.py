"""Whether somebody else has migrated a database while a run worked on it. Pure.

The run lock keeps other runs of headstart away, and nobody else: the alembic command of an old pod,
a person. What this run has met then is no fault of its scripts, whatever it looks like.
"""

from collections.abc import Iterable

from headstart.facts.state import History
from headstart.verdict.errors import Blocked, HeadstartError, NotReady

OTHERS_MIGRATE = (
    "run again when the other one has ended; the run lock holds no alembic command back: let"
    " nothing but headstart migrate this database"
)


def unless_changed_by_others(
    error: BaseException,
    history: History,
    before: Iterable[str],
    ours: Iterable[str],
    now: Iterable[str],
) -> BaseException:
    """The error that tells of others, where they have changed the version rows; else the error.

    `before` are the rows on which the plan was made, `now` those that are there, and `ours` the
    revisions that this run has committed. An error after which a run may be tried again stays, but
    for a lock: now it is known whose it was.
    """
    if not isinstance(error, HeadstartError):
        return error
    if error.outcome.retry and not isinstance(error, Blocked):
        return error
    started, found = _applied(history, before), _applied(history, now)
    if found <= started | _applied(history, ours) and started <= found:
        return error
    rows = ", ".join(sorted(now)) or "gone"
    return NotReady(
        f"something else is migrating this database: its version rows are {rows} now, which this"
        f" run has not written; what it met: {error}",
        next_step=OTHERS_MIGRATE,
        sqlstate=error.sqlstate,
        statement=error.statement,
    )


def _applied(history: History, revisions: Iterable[str]) -> frozenset[str]:
    """With all that they need, as far as this image knows it."""
    every = frozenset(revisions)
    return every | history.applied_with(every & history.requirements.keys())
