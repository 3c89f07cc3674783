"""Wait until those are gone that hold the table of an INVALID index, between two tries to drop it.

As between two attempts at a revision: meanwhile nothing is asked for, so nobody queues behind us.
"""

import time
from collections.abc import Collection

from headstart.decision.healing import is_in_the_way, is_locked, is_not_dropped
from headstart.decision.index_repair import InvalidIndex
from headstart.postgres.connection import Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.index_drop import LOCK_MILLISECONDS
from headstart.postgres.table_holders import are_gone, end_idle_holders, read_holders
from headstart.postgres.waits import Wait
from headstart.process.deadline import Deadline
from headstart.process.retry import Retry
from headstart.revisions.waited import cure_of
from headstart.settings.kinds import EndBlockers
from headstart.verbs.task import Task
from headstart.verdict.errors import Blocked
from headstart.verdict.events.revisions import BlockerEnded, WaitsSeen

_POLL_SECONDS = 0.1


class TableWait:
    """The waits for one index that a revision builds; `deadline` is the end of all of them."""

    def __init__(
        self,
        task: Task,
        connection: Connection,
        index: InvalidIndex,
        revision: str,
        deadline: Deadline,
    ) -> None:
        self._task, self._connection, self._deadline = task, connection, deadline
        self._index, self._revision = index, revision
        self._seen: tuple[Wait, ...] = ()
        self._may_end = True

    def pause(self, refused: Retry) -> None:
        """Wait for who was in the way of a try. Raises its error where that takes too long.

        Raises Interrupted where it is this run itself, and as inspect_database does.
        """
        self._seen = holders = self._holders()
        self._task.emit(
            is_in_the_way(
                self._index,
                self._revision,
                refused.attempt,
                LOCK_MILLISECONDS / 1000,
                ((str(each), each.fields()) for each in holders),
            )
        )
        if any(each.by_itself for each in holders):
            raise is_not_dropped(self._index, self._revision, _OUR_OWN)
        if not self._outlasts([each for each in holders if not each.yields]):
            raise refused.error
        self._task.emit(WaitsSeen(()))

    def refusal(self) -> Blocked:
        """The error of who has waited in vain: with the holders, and what ends the oldest."""
        holders = self._holders() or self._seen
        words = [each.description for each in holders[:_NAMED]]
        return is_locked(self._index, self._revision, words, cure_of(holders))

    def _holders(self) -> tuple[Wait, ...]:
        own_name = self._task.identity.name(Purpose.WORK)
        return read_holders(self._connection, self._index, own_name)

    def _outlasts(self, holders: Collection[Wait]) -> bool:
        """Whether these are gone in time."""
        while holders and not are_gone(self._connection, holders):
            # again and again: a heartbeat sees that env.py's connections wait for nobody
            self._task.emit(WaitsSeen(tuple(map(str, holders))))
            self._task.signals.raise_if_received()
            now = time.monotonic()
            if self._deadline.passed(now):
                return False
            self._end_idle(holders)
            time.sleep(self._deadline.clip(_POLL_SECONDS, now))
        return True

    def _end_idle(self, holders: Collection[Wait]) -> None:
        """End those that an operator has allowed to end; not what may not be ended."""
        settings = self._task.settings
        if settings.end_blockers is not EndBlockers.IDLE or not self._may_end:
            return
        idle_seconds = settings.end_blockers_idle_seconds
        ended = end_idle_holders(self._connection, holders, idle_seconds)
        self._may_end = ended is not None
        for process, session in ended or ():
            self._task.emit(BlockerEnded(process, session))


_NAMED = 5
_OUR_OWN = "env.py's own connection holds a lock on its table, which does not end before that"
