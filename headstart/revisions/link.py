"""env.py's connections: what breaks them off, and whether the one that migrates is gone.

An error is not classified by its outermost exception alone: what is raised for a lost connection
may be a PendingRollbackError, a RuntimeError or a SystemExit. What counts is the connection.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakSet, ref

from sqlalchemy import Connection, Dialect
from sqlalchemy.engine.interfaces import ExceptionContext

from headstart.postgres.connection import break_off
from headstart.revisions.driver_error import (
    fault_in,
    is_timeout_or_deadlock,
    says_lost,
    sqlstate_of,
)
from headstart.revisions.lock_waits import LockWaits
from headstart.revisions.raw_connection import (
    has_failed,
    is_at_work,
    is_broken,
    is_closed,
    is_idle,
    process_of,
)
from headstart.verdict.sqlstates import Fault

FAILED_TRANSACTION = "25P02"
"""in_failed_sql_transaction, which only follows from an error before."""
PASSING = frozenset({Fault.CONNECTION, Fault.SERVER, Fault.LOCK, Fault.UNKNOWN})
"""What no correction of a script helps against."""


class Link:
    """The state of the connection that migrates, as far as it was heard of in this pass.

    `lock_is_lost` asks the server, on the run lock's connection, and `login` is what that was made
    with; `name` is the application_name of a connection that is only tried. `connected` is whether
    env.py has had any connection in this run, `in_transaction` whether the one that migrates has
    begun something else than an autocommit block last; `attempt` what the last one is tried with;
    `error` what the connection that migrates has met in its transaction, before it failed;
    `passing` the last error in this revision that may pass, on any connection of SQLAlchemy's: it
    may have ended a savepoint only. `unheard`: a revision has failed in a transaction that an error
    had ended which nobody has heard: the script has used the driver without SQLAlchemy.
    `lock_waits` is what is seen of the waits for locks. `swallowed`: what has ended a statement of
    this revision, and has not kept it from going on; `used_another`: it has taken a connection from
    a pool, or has made one. `spare` gives up a connection of ours, where env.py finds no free slot.
    """

    def __init__(
        self, lock_is_lost: Callable[[], bool], login: Callable[[], Mapping[str, str]], name: str
    ) -> None:
        self._lock_is_lost = lock_is_lost
        self.login, self.name = login, name
        self.attempt: Mapping[str, Any] | None = None
        self.connected = False
        self.set_role: str | None = None
        self.role_left: str | None = None
        self._opened: WeakSet[Any] = WeakSet()
        self._migrates: int | None = None
        self._migrating: ref[Any] | None = None
        self._left = self._finished = False
        self._lost_with: BaseException | None = None
        self.known = False
        self.in_transaction = False
        self.gone = False
        self.error: BaseException | None = None
        self.passing: BaseException | None = None
        self.unheard = self._in_revision = False
        self.lock_waits = LockWaits()
        self.swallowed: BaseException | None = None
        self.used_another = False
        self._failed_statement: str | None = None
        self.spare: Callable[[], None] = lambda: None

    @property
    def migrates(self) -> int | None:
        """The server's process of the connection that migrates, as of its transaction."""
        return self._migrates

    @property
    def role(self) -> str:
        """The role that the revisions run with: the login, unless env.py has set another one."""
        return self.set_role or self.login().get("user", "")

    def start(self) -> None:
        """A pass begins: nothing is known of its connection yet."""
        self.known = self.in_transaction = self.gone = self._finished = False

    def tries(self, dialect: Dialect, _: Any, __: Any, parameters: Mapping[str, Any]) -> None:
        """SQLAlchemy's do_connect, of any engine; what listens later may change the parameters."""
        self.attempt = parameters if dialect.name == "postgresql" else None

    def opened(self, raw: Any) -> None:
        """Remember a driver's connection that is to end with the run."""
        self.connected = True
        with suppress(TypeError):  # some driver's that cannot be remembered weakly
            self._opened.add(raw)

    def migrates_as(self, process: int, raw: Any) -> None:
        """The server's process of the connection that migrates; a pooler tells another."""
        if process == self._migrates and self._migrating is not None and self._migrating() is raw:
            return
        self.opened(raw)
        self._migrates = process
        self._migrating = None
        with suppress(TypeError):
            self._migrating = ref(raw)

    def process_to_watch(self) -> int | None:
        """The server's process of the connection that migrates, while its driver holds it open.

        None behind a pooler, which changes it, and may end it as it likes.
        """
        raw = self._migrating() if self._migrating is not None else None
        is_open = raw is not None and not is_closed(raw)
        return self._migrates if is_open and process_of(raw) == self._migrates else None

    def processes(self) -> frozenset[int]:
        """The server's processes of all that env.py has open, as far as they are known."""
        own = frozenset() if self._migrates is None else frozenset([self._migrates])
        return own | {pid for raw in list(self._opened) if (pid := process_of(raw)) is not None}

    def is_at_work(self) -> bool:
        """Whether a statement may be running on any of them: then it may wait for somebody."""
        for raw in list(self._opened):
            with suppress(Exception):  # closed meanwhile, or one that does not tell
                if is_at_work(raw):
                    return True
        return False

    def checked_out(self, *_: Any) -> None:
        """Hear of a connection that is taken from a pool of SQLAlchemy's, or made by a driver."""
        self.used_another |= self._in_revision

    def break_off(self) -> None:
        """End all that env.py has open, from another thread."""
        for raw in list(self._opened):
            with suppress(Exception):  # closed meanwhile, or no socket at all
                break_off(raw)

    def finish(self) -> None:
        """env.py has ended: what it has left open and idle is of no use to anybody."""
        self._finished = True

    def end_idle(self) -> None:
        """End the connections that env.py has left idle in its pools; none while it runs."""
        self.spare()
        for raw in list(self._opened) if self._finished else ():
            with suppress(Exception):  # closed meanwhile, or no socket at all
                if is_idle(raw):
                    break_off(raw)

    def leave(self) -> None:
        """From here on we close env.py's connections ourselves: that is no loss of one."""
        self._left = True

    def heard(self, autocommit: bool) -> None:
        """The server answered on the connection that migrates, as a transaction began."""
        self.known, self.gone, self.error, self.swallowed = True, False, None, None
        self.lock_waits.begins(autocommit=autocommit)
        self.in_transaction = not autocommit

    def hear_error(self, context: ExceptionContext) -> None:
        """SQLAlchemy's handle_error, of the connection that migrates."""
        sqlstate = sqlstate_of(context.original_exception)
        if sqlstate != FAILED_TRANSACTION:
            self.error = context.sqlalchemy_exception
            self._swallow(context)
        if sqlstate is not None and fault_in(context.original_exception) in PASSING:
            self.passing = context.sqlalchemy_exception
        if context.is_disconnect or says_lost(context.original_exception):
            self.gone = not self._left

    def _swallow(self, context: ExceptionContext) -> None:
        if is_timeout_or_deadlock(context.original_exception) or self.lock_waits.cancelled:
            self.swallowed = context.sqlalchemy_exception
            self._failed_statement = context.statement

    def hear_done(self, statement: str) -> None:
        """A statement has succeeded: the script has made good for it, if it had failed before."""
        if self.swallowed is not None and statement == self._failed_statement:
            self.swallowed, self.lock_waits.cancelled = None, False

    def hear_elsewhere(self, context: ExceptionContext) -> None:
        """SQLAlchemy's handle_error, of any connection: a revision may have an engine of its own.

        What env.py meets before, as it looks for a server, say, it may have a way around.
        """
        if not self._in_revision:
            return
        refused = context.connection is None and sqlstate_of(context.original_exception) is None
        if refused or (
            sqlstate_of(context.original_exception) is not None
            and fault_in(context.original_exception) in PASSING
        ):
            self.passing = context.sqlalchemy_exception

    def changes_revision(self, *, begins: bool) -> None:
        """A revision begins, or has ended well: whatever it met on the way is over."""
        self.passing, self._in_revision, self.role_left = None, begins, None
        self.swallowed, self.used_another = None, False

    def look_at(self, connection: Connection) -> None:
        """See whether it is gone; a script may have used the driver without SQLAlchemy."""
        with suppress(Exception):  # one that is closed cannot tell
            if connection.invalidated or is_broken(connection.connection.driver_connection):
                self.gone = not self._left

    def hear_failure(self, failure: BaseException, connection: Connection) -> None:
        """A revision has failed; env.py may have another connection before that is classified."""
        self.look_at(connection)
        self._lost_with = failure if self.gone else None
        with suppress(Exception):
            failed = has_failed(connection.connection.driver_connection)
            self.unheard = failed and self.error is None

    def was_gone(self, error: BaseException) -> bool:
        """Whether the connection is gone, or was when a revision raised this."""
        return self.gone or self._lost_with is error

    def is_lock_lost(self) -> bool:
        """Whether the run lock is lost; one round trip."""
        return self._lock_is_lost()

    def is_lost(self) -> bool:
        """Whether the connection is known to be gone, or the run lock is; one round trip."""
        return self.gone or self._lock_is_lost()
