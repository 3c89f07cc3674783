"""Which locks the revisions of a run held: who reads them, and who is told.

Never a failure of the run: where nobody answers, what was held is unknown, and the work goes on.
"""

from collections.abc import Callable

from headstart.postgres.connection import Connection, connect
from headstart.postgres.held_locks import CONNECT_SECONDS, HeldLockReader
from headstart.postgres.identity import Purpose
from headstart.postgres.lock import RunLock
from headstart.verbs.task import Task
from headstart.verdict.events.revisions import LocksHeldLong, RevisionApplied
from headstart.verdict.held_locks import HeldLocks


def reader_of(task: Task, lock: RunLock) -> HeldLockReader:
    """Who reads the locks of a worker, where the run lock is held."""
    name = task.identity.name(Purpose.READ)

    def beside() -> Connection:
        return connect(task.resolve(), name, CONNECT_SECONDS)

    return HeldLockReader(beside, lock.nonce, found_empty=lock.found_empty)


def telling(task: Task, lock: RunLock) -> Callable[[str, float, HeldLocks | None], None]:
    """What is called with each revision that is applied, its seconds, and what it held.

    It warns of what was held for long, but for a database that was empty: nobody waited there.
    """
    warn_seconds = task.settings.ddl_hold_warn_seconds

    def tell(revision: str, seconds: float, held: HeldLocks | None) -> None:
        task.emit(RevisionApplied(revision, seconds, held))
        if held is None or not held.locks or lock.found_empty:
            return
        if 0 < warn_seconds < held.seconds:
            task.emit(LocksHeldLong(revision, held, warn_seconds))

    return tell
