"""What a statement that ran into its lock timeout has waited for, as it was last seen. Pure."""

from headstart.postgres.waits import Wait
from headstart.verdict.errors import BrokenHistory, HeadstartError, RevisionFailed

_LOCK_NOT_AVAILABLE = "55P03"
_BY_TIMEOUT = "ProcessInterrupts"
"""The function of the server that says so of a lock timeout; others do of NOWAIT."""


def is_lock_timeout(sqlstate: str | None, asked_by: str | None) -> bool:
    return sqlstate == _LOCK_NOT_AVAILABLE and asked_by == _BY_TIMEOUT


def told_of(waits: tuple[Wait, ...]) -> str:
    """Whom, in words to go behind others; nothing where nobody was seen."""
    return f"; as last seen, {'; '.join(map(str, waits))}" if waits else ""


def cure_of(waits: tuple[Wait, ...]) -> str | None:
    """What ends whoever is at the root of it: what is prepared, else the oldest session."""
    prepared = next((wait.cure for wait in waits if wait.cure is not None), None)
    roots = [wait for wait in waits if not wait.queued and not wait.by_itself and wait.blocking]
    if prepared is not None or not roots:
        return prepared
    oldest = max(roots, key=lambda wait: wait.age_seconds or 0)
    return (
        f"wait until the transaction of pid {oldest.blocking} has ended, or end its session (SELECT"
        f" pg_terminate_backend({oldest.blocking})), as its role or an administrator; then run"
        " again"
    )


def waits_for_itself(revision: str | None, wait: Wait) -> HeadstartError:
    """The error of who waits for another connection of the same run."""
    kind = BrokenHistory if revision is None else RevisionFailed
    who = "env.py" if revision is None else f"revision {revision}"
    return kind(
        f"{who} waits for itself: {wait}; neither will give way",
        next_step="let it do all of its work on one connection (op.get_bind() in a revision, the"
        " one of context.configure() in env.py), or commit on the one before the other needs"
        " what it has locked",
    )
