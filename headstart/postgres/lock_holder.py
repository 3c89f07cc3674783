"""Describe who holds the run lock to those who wait: a holder whose node is gone is silent."""

from headstart.facts.sql import identifier
from headstart.facts.trust import role_is_trusted
from headstart.postgres.advisory_lock import (
    ALONE,
    BACKEND_DESCRIPTION,
    BACKEND_SILENCE,
    INTENT_KEY,
    RUN_LOCK_KEY,
    held_condition,
)
from headstart.postgres.connection import Connection
from headstart.postgres.guards import LOCK_IDLE_SECONDS
from headstart.postgres.target import Target
from headstart.values import dataclass

MISSED_SECONDS = 7.0
"""Several heartbeats."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock; `silent_seconds` since its last heartbeat, None if that is hidden.

    `stranger`: the role, if it is not trusted; anybody may lock any key. `is_shared`: it is the run
    of a target, and `others` such runs hold the lock with it.
    """

    description: str
    pid: int | None = None
    silent_seconds: float | None = None
    stranger: str | None = None
    is_shared: bool = False
    others: int = 0

    @property
    def silent(self) -> bool:
        """Whether several of its heartbeats are missing."""
        return (self.silent_seconds or 0) > MISSED_SECONDS

    def __str__(self) -> str:
        silence = f", silent for {self.silent_seconds:.0f} s" if self.silent else ""
        noun = "other" if self.others == 1 else "others"
        others = f", and {self.others} {noun} of a fleet" if self.others else ""
        return self.description + silence + others

    @property
    def cure(self) -> str | None:
        """How to end one whose node may be gone, or that is no run at all."""
        if self.stranger is not None:
            return (
                f"role {identifier(self.stranger)} is neither ours, nor the database's owner, nor a"
                " superuser: if it runs no headstart of yours, end its session, as an"
                f" administrator: SELECT pg_terminate_backend({self.pid}), and REVOKE CONNECT ON"
                " DATABASE ... from it; then run again"
            )
        if not self.silent:
            return None
        return (
            f"the holder has been silent for {self.silent_seconds:.0f} s, as if its node were gone:"
            f" the server ends it {LOCK_IDLE_SECONDS} s after its last heartbeat, and"
            f" SELECT pg_terminate_backend({self.pid}) ends it now; then run again"
        )


UNKNOWN = Holder("unknown")
"""Nobody has seen it, or it has gone meanwhile."""


def holds_condition(target: Target | None) -> str:
    """The SQL condition on `pg_locks l` of a run that excludes one of `target`, or an ordinary one.

    Several locks of one holder may meet it.
    """
    if target is None:
        return held_condition(RUN_LOCK_KEY)
    return f"({held_condition(RUN_LOCK_KEY)}{ALONE} OR {held_condition(target.key)})"


def describe_holder(
    connection: Connection, target: Target | None, timeout_seconds: float
) -> Holder | None:
    """Who keeps a run from the lock, the oldest of several; None if nobody does any more."""
    rows = connection.execute(
        f"SELECT {BACKEND_DESCRIPTION}, a.pid, {BACKEND_SILENCE}, CASE WHEN"
        f" {role_is_trusted('a.usesysid')} IS NOT TRUE THEN a.usename END,"
        " l.mode = 'ShareLock', pg_catalog.count(*) OVER () - 1"
        " FROM pg_catalog.pg_locks l"
        " JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
        f" WHERE {_is_in_the_way(target)} AND l.pid <> pg_catalog.pg_backend_pid()"
        " ORDER BY a.xact_start LIMIT 1",
        timeout_seconds=timeout_seconds,
    )
    if not rows:
        return None
    description, pid, silence, stranger, shared, others = rows[0]
    silent_seconds = None if silence is None else float(str(silence))
    name = None if stranger is None else str(stranger)
    return Holder(
        str(description), int(str(pid)), silent_seconds, name, bool(shared), int(str(others))
    )


def _is_in_the_way(target: Target | None) -> str:
    """The same, and who announces, to whom the runs of targets give way."""
    if target is None:
        return holds_condition(None)
    return f"({holds_condition(target)} OR {held_condition(INTENT_KEY)}{ALONE})"
