"""Wait for the locks of a revision without queueing in front of the app.

Who asks for an ACCESS EXCLUSIVE lock and waits makes every later reader wait, too. So an attempt
gives up soon, and the next one is made when those are gone that were in the way of the last:

    0.0 s  attempt 1     ALTER TABLE waits for pg_dump; readers queue behind it
    0.5 s                canceled, and rolled back; the readers go on
           pause         nothing is asked for, and nothing held, until pg_dump's transaction is over
   30.2 s  attempt 2     gets its lock

The timeout stays short after somebody who took long. It is doubled where the others were short and
new ones came: a table that is always in use for a moment is got by waiting a moment longer.

A revision is tried again in place: env.py runs once. Only one whose transaction is as it began: not
after a COMMIT or ROLLBACK of its own, nor where it used another connection. Where there can be no
other attempt, this one waits as long as any may.
"""

import random
import re
import time
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection

from headstart.patterns import pattern
from headstart.postgres.own_sessions import has_sessions_of_its_own
from headstart.postgres.read_failure import QUERY_CANCELED
from headstart.postgres.waits import Wait, are_over, deadlock_timeout, end_idle
from headstart.process.deadline import Deadline, backoff_seconds
from headstart.revisions.asking import asked
from headstart.revisions.causes import first_line
from headstart.revisions.driver_error import fault_told, is_drivers, is_raised, state_of
from headstart.revisions.link import FAILED_TRANSACTION, PASSING, Link
from headstart.revisions.lock_waits import FIRST_SECONDS, LATE_SECONDS
from headstart.revisions.other_connections import drivers_imported
from headstart.revisions.passing import behind
from headstart.revisions.raw_connection import is_in_transaction
from headstart.revisions.script_source import mentions
from headstart.revisions.transactions import TransactionWatch
from headstart.revisions.waited import cure_of, told_of, waits_for_itself
from headstart.revisions.worker import Worker
from headstart.verdict.errors import Blocked, HeadstartError
from headstart.verdict.events.revisions import AttemptBegun, BlockerEnded, RevisionBlocked

_RETRIED = frozenset({"55P03", "40P01", "40001"})
"""lock_not_available, deadlock_detected, serialization_failure."""
_SHORT_SECONDS = 1.0
"""Who is gone so soon after the attempt was in the way for a moment only."""
_SHARE_OF_WORK = 0.1
"""What an attempt may wait of the time that would be lost with it."""
_POLL_SECONDS = 0.1
_UNSEEN_SECONDS = 2.0
"""How long to pause where nobody can be asked."""
_ITSELF_SECONDS = 2.0
"""How long to pause for a connection of the same run: nobody else will end its transaction."""
_AFTER_VACUUM_SECONDS = 0.3
_YIELDS_AT_MOST = 5
_OTHER_CONNECTION = pattern(r"psycopg|asyncpg|pg8000|dblink", re.IGNORECASE)
_REACHES_DRIVER = pattern(
    r"get_bind|get_context|connection|cursor"
    r"|^[ \t]*(?:from|import)[ \t]+(?!(?:alembic|sqlalchemy|typing|collections|__future__)\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""Without these a script sends nothing but what op.execute() and its like are heard to send."""
_ENDS_TRANSACTION = pattern(r"commit|rollback|\babort\b|prepare", re.IGNORECASE)


class LockAttempts:
    """The attempts to run one revision; `seconds` is what this one waits for a lock, 0 is for ever.

    `limits`: neither env.py nor the script has set a limit. `script` is the revision and its file.
    `may_repeat`: the revision has a transaction of its own. `retry_seconds` is for how long it is
    tried again.
    """

    def __init__(
        self,
        worker: Worker,
        script: tuple[str, Path],
        watch: TransactionWatch,
        *,
        may_repeat: bool,
        retry_seconds: float,
    ) -> None:
        self._worker, self._watch = worker, watch
        self._revision, self._path = script
        self._longest = longest = worker.lock_timeout_seconds
        self._may_repeat = may_repeat and bool(longest)
        self._retry_seconds = retry_seconds
        self._until: Deadline | None = None
        self._drivers = drivers_imported()
        self._began = time.monotonic()
        self._was_blocked = False
        self._may_end, self._yielded = True, 0
        self.number = 1
        self.limits = True
        is_first = self._may_repeat and retry_seconds
        self.seconds = min(FIRST_SECONDS, longest) if is_first else longest

    def refuse_swallowed(self) -> None:
        """Raise the lock timeout or deadlock that the script has caught, and done nothing about."""
        link = self._worker.link
        if link.swallowed is not None:
            raise link.swallowed
        if link.lock_waits.cancelled or (self.limits and link.lock_waits.unseen):
            raise self._without_lock()

    def _without_lock(self) -> Blocked:
        locks = self._worker.link.lock_waits
        was = "was" if locks.cancelled else "may have been"
        went = "went" if locks.cancelled else "gone"
        return Blocked(
            f"revision {self._revision} {was} kept from a lock, and {went} on without it"
            f"{told_of(locks.waits)}",
            next_step=cure_of(locks.waits),
        )

    @property
    def servers_seconds(self) -> float:
        """The server's lock_timeout: it comes later than any cancel from here; 0 is none."""
        return self._longest + LATE_SECONDS if self._longest else 0

    def limit(self) -> float:
        """What a statement may wait for a lock now."""
        return self.seconds if self._may_follow() else self._longest

    def told(self, error: BaseException) -> BaseException:
        """The error to end with: a mistake of a later attempt may come of the attempt itself.

        A script may hold what can be used once, and a new run tells. Not in place of a signal, of
        what we have found ourselves, or of what may pass.
        """
        if not self._was_blocked or self._is_blocked(error) or self._worker.link.gone:
            return error
        if not isinstance(error, Exception) or isinstance(error, HeadstartError):
            return error
        if is_drivers(error) and fault_told(error) in PASSING:
            return error
        return Blocked(
            f"revision {self._revision} was kept from a lock, and attempt {self.number} raised"
            f" {type(error).__name__}: {first_line(asked(error, 'orig') or error)}; rolled back",
            next_step="run again; if the revision fails in the same way then, correct it",
        )

    def may_try_again(self, error: BaseException, connection: Connection) -> bool:
        """Whether the revision can be tried again in place."""
        link = self._worker.link
        if not self._may_repeat or not self._retry_seconds or not self._is_blocked(error):
            return False
        self._was_blocked = True
        if link.gone or not self._may_follow() or self._is_out_of_time():
            return False
        seen = self._watch.identity
        if seen is not None and link.lock_waits.was_in(seen, self.seconds + LATE_SECONDS):
            return True
        raw = connection.connection.driver_connection
        return is_in_transaction(raw) and not mentions(self._path, _ENDS_TRANSACTION)

    def _may_follow(self) -> bool:
        """Whether another attempt would do nothing twice, as far as is known by now."""
        watch = self._watch
        if watch.left or watch.kept.surely or self._used_another():
            return False
        return not self._names_another and not self._has_other_sessions

    def suspect_unheard(self) -> None:
        """Whether it waited in another transaction than it began in, which nobody has heard of.

        One that was heard to leave does so in any case: it is suspected where its script may have
        the driver do more than was heard.
        """
        seen, locks = self._watch.identity, self._worker.link.lock_waits
        if self._watch.left and not mentions(self._path, _REACHES_DRIVER):
            return
        if seen is not None and locks.was_in_another(seen, self.seconds + LATE_SECONDS):
            self._watch.suspect()

    def _used_another(self) -> bool:
        return self._worker.link.used_another or drivers_imported() != self._drivers

    @cached_property
    def _names_another(self) -> bool:
        return mentions(self._path, _OTHER_CONNECTION)

    @cached_property
    def _has_other_sessions(self) -> bool:
        """Whether a function may have committed by a session of its own; not where nobody tells."""
        return self._worker.lookout.look(has_sessions_of_its_own) or False

    def wait(self) -> bool:
        """Pause until those are gone that were in the way; whether they are in time."""
        waits = self._worker.link.lock_waits.waits
        ahead = [wait for wait in waits if wait.behind is None]
        self._worker.emit(self._event(waits))
        locks = self._worker.link.lock_waits
        locks.pausing = True
        try:
            yielding = self._yielding_seconds(ahead)
            gone, seconds = (True, 0.0) if yielding else self._paused(ahead)
        finally:
            locks.pausing = False
        if gone:
            self.number += 1
            self._worker.emit(AttemptBegun(self._revision, self.number))
        self.seconds = yielding or self._next_seconds(seconds)
        self._began = time.monotonic()
        return gone

    def _yielding_seconds(self, ahead: Collection[Wait]) -> float:
        """How long to wait at once for an autovacuum to give way; 0 where nothing would be won.

        A few times, each a little longer, since the next one may come at once; one that has not
        given way by then is waited for as others are.
        """
        if self._yielded >= _YIELDS_AT_MOST or not ahead or not all(w.yields for w in ahead):
            return 0.0
        self._yielded += 1
        after = self._worker.lookout.look(deadlock_timeout)
        seconds = 0.0 if after is None else after + self._yielded * _AFTER_VACUUM_SECONDS
        return seconds if seconds <= self._longest else 0.0

    def _event(self, waits: Collection[Wait]) -> RevisionBlocked:
        return RevisionBlocked(
            self._revision,
            self.number,
            self.seconds,
            tuple(str(wait) for wait in waits),
            tuple(wait.fields() for wait in waits),
        )

    def _paused(self, ahead: Collection[Wait]) -> tuple[bool, float]:
        """Whether they are gone, and after how many seconds."""
        started = time.monotonic()
        transactions = {wait.virtual for wait in ahead if wait.virtual is not None}
        if not transactions:
            time.sleep(self._clipped(backoff_seconds(self.number, random.random())))
            return not self._is_out_of_time(), time.monotonic() - started
        while not self._is_out_of_time():
            self._end_idle(ahead)
            over = self._worker.lookout.look(lambda asked: are_over(asked, transactions))
            seconds = time.monotonic() - started
            if over or (over is None and seconds > _UNSEEN_SECONDS):
                return True, seconds
            if seconds > _ITSELF_SECONDS and all(wait.by_itself for wait in ahead):
                self._worker.give_up(waits_for_itself(self._revision, next(iter(ahead))))
                return False, seconds
            time.sleep(self._clipped(_POLL_SECONDS))
        return False, time.monotonic() - started

    def _end_idle(self, ahead: Collection[Wait]) -> None:
        """End the sessions that an operator has allowed to end; not what may not be ended."""
        idle_seconds = self._worker.ends_idle_after
        if idle_seconds is None or not self._may_end:
            return
        strangers = [wait for wait in ahead if not wait.by_itself and not wait.queued]
        ended = self._worker.lookout.look(lambda asked: end_idle(asked, strangers, idle_seconds))
        self._may_end = ended is not None  # a superuser's session, say, is not ours to end
        for process, session in ended or ():
            self._worker.emit(BlockerEnded(process, session))

    def _next_seconds(self, paused: float) -> float:
        worked = time.monotonic() - paused - self._began - self.seconds
        fair = min(self._longest, max(self.seconds, worked * _SHARE_OF_WORK))
        if paused > _SHORT_SECONDS:
            return fair
        return min(self._longest, max(fair, 2 * self.seconds))

    def _is_out_of_time(self) -> bool:
        now = time.monotonic()
        self._until = self._until or self._worker.deadline.within(self._retry_seconds, now)
        return self._until.passed(now)

    def _clipped(self, seconds: float) -> float:
        return seconds if self._until is None else self._until.clip(seconds, time.monotonic())

    def _is_blocked(self, error: BaseException) -> bool:
        return is_blocked(error, self._worker.link)


def is_blocked(error: BaseException, link: Link) -> bool:
    """Whether somebody else's lock, a deadlock or a conflict of transactions has ended it.

    Not what a function raises under such a SQLSTATE: nobody can be waited for.
    """
    if isinstance(error, Blocked):
        return True
    told = [one for one in behind(error) if is_drivers(one)]
    states = {state_of(one) for one in told if not is_raised(asked(one, "orig") or one)}
    if states & {FAILED_TRANSACTION} and link.error is not None:
        states.add(state_of(link.error))
    if link.lock_waits.cancelled and QUERY_CANCELED in states:
        return True
    return bool(states & _RETRIED)
