"""Describe who holds the run lock to those who wait: a holder whose node is gone is silent."""

from headstart.facts.sql import identifier
from headstart.facts.trust import role_is_trusted
from headstart.postgres.advisory_lock import (
    BACKEND_DESCRIPTION,
    BACKEND_SILENCE,
    RUN_LOCK_KEY,
    held_condition,
)
from headstart.postgres.connection import Connection
from headstart.postgres.guards import LOCK_IDLE_SECONDS
from headstart.values import dataclass

MISSED_SECONDS = 7.0
"""Several heartbeats."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock; `silent_seconds` since its last heartbeat, None if that is hidden.

    `stranger`: the role, if it is not trusted; anybody may lock any key.
    """

    description: str
    pid: int | None = None
    silent_seconds: float | None = None
    stranger: str | None = None

    @property
    def silent(self) -> bool:
        """Whether several of its heartbeats are missing."""
        return (self.silent_seconds or 0) > MISSED_SECONDS

    def __str__(self) -> str:
        silence = f", silent for {self.silent_seconds:.0f} s" if self.silent else ""
        return self.description + silence

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


def describe_holder(connection: Connection, timeout_seconds: float) -> Holder | None:
    """Who holds the run lock of this database; None if nobody does any more."""
    rows = connection.execute(
        f"SELECT {BACKEND_DESCRIPTION}, a.pid, {BACKEND_SILENCE}, CASE WHEN"
        f" {role_is_trusted('a.usesysid')} IS NOT TRUE THEN a.usename END"
        " FROM pg_catalog.pg_locks l"
        " JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
        f" WHERE {held_condition(RUN_LOCK_KEY)}",
        timeout_seconds=timeout_seconds,
    )
    if not rows:
        return None
    description, pid, silence, stranger = rows[0]
    silent_seconds = None if silence is None else float(str(silence))
    name = None if stranger is None else str(stranger)
    return Holder(str(description), int(str(pid)), silent_seconds, name)
