"""What env.py calls: context.configure(), run_migrations(), begin_transaction(), as they are here.

They are Alembic's, with what we need around them: the engine's events are heard from configure()
on, and everything is decided in run_migrations(). A refusal in any of them leaves env.py for good.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Self

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import ExceptionContext

from headstart.facts.state import Scope
from headstart.revisions.begun import SQL_STATE, Begun, Numbering
from headstart.revisions.causes import note_as_our_own
from headstart.revisions.drivers import refuse_unknown_driver
from headstart.revisions.env_pass import Mode, Options, Pass, Started, Transactions, version_table
from headstart.revisions.output import reclaim_logging
from headstart.revisions.refusal import LeftOnPurpose, Refusal
from headstart.revisions.sessions import is_pooled
from headstart.revisions.version_column import width_made_by
from headstart.revisions.version_rows import compile_once
from headstart.revisions.worker import (
    Limits,
    Worker,
    begin_transaction,
    end_autocommit,
    is_autocommit,
    one_row,
)
from headstart.verdict.errors import BrokenHistory, ConnectionLost, HeadstartError


class EnvCalls:
    """What env.py calls of an EnvironmentContext during the pass: configure and run_migrations."""

    def __init__(
        self,
        worker: Worker,
        work: Pass,
        attached: ExitStack,
        environment: EnvironmentContext,
        refusal: Refusal,
    ) -> None:
        self._worker, self._work, self._refusal = worker, work, refusal
        self._attached, self._environment = attached, environment
        self._configure, self._run_migrations = environment.configure, environment.run_migrations
        environment.configure = self.configure  # type: ignore[assignment, method-assign]
        environment.run_migrations = self.start  # type: ignore[method-assign]
        self._connections: list[Connection] = []
        self._now: Started | None = None
        self._scope: Scope | None = None
        self._own_limits: tuple[str, ...] | None = None
        self._found_limits: tuple[str, ...] = ()
        self._mode = Mode.ATOMIC
        self._begun: Begun | None = None
        self._rolled_back: BaseException | None = None

    def configure(self, connection: Connection | None = None, **options: Any) -> None:
        """Alembic's configure, with a transaction for each revision where that may be."""
        # env.py has called fileConfig by now, if it does, which silences our log
        reclaim_logging(self._worker.emit, self._refusal.is_told)
        # Alembic keeps what an earlier call has given, as the version table's name
        given, options = options, {**self._environment.context_opts, **options}
        with self._refusing(connection):
            usable = _usable(connection, options)
        begun = usable.in_transaction()
        split = self._work.may_split or bool(given.get("transaction_per_migration"))
        self._mode = mode = Mode.PER_REVISION if split and not begun else Mode.ATOMIC
        # before the refusal, which asks the database: that has to be behind the fence, too
        self._attach(usable)
        with self._refusing(usable):
            self._refuse_second(usable, options)
        self._now = Started(usable, options, mode, begun, ())
        split_now = {"transaction_per_migration": mode is Mode.PER_REVISION}
        self._configure(usable, **given | split_now)
        compile_once(self._environment.get_context())
        if mode is Mode.PER_REVISION:
            _demarcate(self._environment.get_context())

    def start(self, **options: Any) -> None:
        """Alembic's run_migrations, after all has been read and decided."""
        if self._now is not None:
            self._now = self._settled(self._now)
            with self._refusing(self._now.connection):
                self._scope = self._starting(self._now)
        self._run_migrations(**options)

    def _starting(self, now: Started) -> Scope:
        try:
            return self._work.starting(now)
        except HeadstartError:
            raise
        except Exception as error:
            note_as_our_own(error)
            raise

    @contextmanager
    def _refusing(self, connection: Connection | None) -> Iterator[None]:
        """An error of ours in the block is a refusal, whatever env.py makes of it."""
        try:
            yield
        except HeadstartError as error:
            self._refuse(error, connection)
            raise

    def _refuse(self, error: HeadstartError, connection: Connection | None) -> None:
        # after a loss nothing is decided, and env.py may have another connection
        if not isinstance(error, ConnectionLost):
            self._refusal.refuse(error, connection)

    def _settled(self, now: Started) -> Started:
        """With the mode as it is by now, and in a transaction, which is the first step's."""
        connection = now.connection
        if not connection.in_transaction():
            connection.begin()
        elif self._mode is Mode.PER_REVISION:  # env.py has executed something meanwhile
            self._mode = Mode.ATOMIC
            _hold_all_in_one(self._environment.get_context(), connection)
        if self._mode is Mode.ATOMIC and self._begun is not None:
            self._begun.shared = True
            self._begun.role, self._begun.search_path = one_row(connection, SQL_STATE)
        self._own_limits = self._found_limits
        width = width_made_by(self._environment.get_context())
        return replace(now, mode=self._mode, own_limits=self._found_limits, version_width=width)

    def _attach(self, connection: Connection) -> None:
        # env.py may configure again on the same engine: to listen twice would begin twice
        if connection.engine not in [each.engine for each in self._connections]:
            self._listen(connection, "begin", self._begin)
            self._listen(connection, "commit", self._commit)
            self._listen(connection, "rollback", self._rollback)
            self._listen(connection, "handle_error", self._hear_error)
            self._listen(connection, "before_cursor_execute", self._executing)
            self._listen(connection, "after_cursor_execute", self._executed)
        self._connections.append(connection)
        if connection.in_transaction():  # its beginning has passed
            self._begin(connection)

    def _listen(self, connection: Connection, name: str, listener: Callable[..., None]) -> None:
        event.listen(connection.engine, name, listener)
        self._attached.callback(event.remove, connection.engine, name, listener)

    def _begin(self, connection: Connection) -> None:
        # the engine's other connections (an inspector, a Session) are none of the revision's
        heard = self._heard_on(connection)
        numbering = Numbering.NATURAL if heard is not None else Numbering.NONE
        try:
            seconds = self._worker.lock_timeout_seconds if heard is None else heard.lock_seconds
            begun, limits = begin_transaction(
                self._worker, connection, numbering, Limits(self._own_limits, seconds)
            )
        except HeadstartError as error:
            self._refuse(error, connection)
            raise
        if begun is not None:
            begun.shared = self._mode is Mode.ATOMIC or is_pooled(connection)
            self._worker.link.set_role = begun.role
        if heard is not None:
            self._begun, self._found_limits = begun, limits
            heard.begun(begun)

    def _heard_on(self, connection: Connection) -> Transactions | None:
        return self._work.heard if connection is self._connections[-1] else None

    def _executing(self, connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if (heard := self._heard_on(connection)) is not None:
            heard.executing(connection, statement)

    def _executed(self, connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if (heard := self._heard_on(connection)) is not None:
            heard.executed(connection, statement)

    def _commit(self, connection: Connection) -> None:
        """Do not let an env.py that swallows the failure of a revision commit half of it."""
        failure = self._work.failure()
        if failure is not None and failure is not self._rolled_back:
            raise LeftOnPurpose
        if (heard := self._heard_on(connection)) is not None:
            heard.committing()
        self._ending(connection, rolls_back=False)
        end_autocommit(connection)

    def _rollback(self, connection: Connection) -> None:
        # from here on env.py may commit again: nothing is left of what failed
        self._rolled_back = self._work.failure()
        self._ending(connection, rolls_back=True)
        if connection in self._connections:
            self._worker.link.look_at(connection)

    def _ending(self, connection: Connection, *, rolls_back: bool) -> None:
        if (heard := self._heard_on(connection)) is not None:
            heard.ending(connection, rolls_back=rolls_back)

    def _hear_error(self, context: ExceptionContext) -> None:
        if context.connection in self._connections:
            self._worker.link.hear_error(context)

    def _refuse_second(self, connection: Connection, options: Options) -> None:
        """A verdict is about one version table: of a second one it would say nothing."""
        scope = self._scope
        if scope is None:
            return
        same = version_table(options) == (scope.version_table, scope.version_schema)
        if not same or _current_schema(connection) != scope.schema:
            raise BrokenHistory(
                "env.py configures several version tables; what was applied belongs to the first",
                next_step="run headstart once for each of them: let env.py take the one from"
                " context.get_x_argument(), which HEADSTART_X sets, or headstart fleet run for all"
                " of them",
            )


class _Whole:
    """What context.begin_transaction() gives where each step commits itself.

    Alembic's own would do nothing there, and what env.py executes beside the steps, or all of them
    where that came first, would be committed by nobody.
    """

    def __init__(self, context: Any) -> None:
        self._context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        connection = self._context.connection
        if connection.in_transaction():
            (connection.commit if kind is None else connection.rollback)()
        self._context._transaction = None


def _demarcate(context: Any) -> None:
    """Let context.begin_transaction() commit at its end what is open then."""
    original = context.begin_transaction

    def begin(_per_migration: bool = False) -> Any:
        return original(_per_migration) if _per_migration else _Whole(context)

    context.begin_transaction = begin


def _hold_all_in_one(context: Any, connection: Connection) -> None:
    """Let the transaction that is open hold all steps."""
    context._transaction_per_migration = False
    context._transaction = connection.get_transaction()


def _usable(connection: Connection | None, options: Options) -> Connection:
    """Refuse a connection on which nothing could be rolled back, or Alembic would lose its way."""
    if connection is None:
        raise BrokenHistory(
            "env.py gave context.configure() no connection",
            next_step="let env.py call context.configure(connection=...) in online mode",
        )
    refuse_unknown_driver(connection)
    if is_autocommit(connection):
        raise BrokenHistory(
            "env.py's engine is in AUTOCOMMIT, so that a revision that fails would stay half done",
            next_step="remove isolation_level='AUTOCOMMIT' from env.py, or whatever else there sets"
            " the driver's connection to autocommit",
        )
    translated = connection.get_execution_options().get("schema_translate_map", {})
    if translated.get(None) and not options.get("version_table_schema"):
        raise BrokenHistory(
            f"env.py translates schema None to {translated[None]}, where Alembic makes its version"
            " table, but looks for it elsewhere: the next upgrade would begin anew",
            next_step=f"let env.py configure with version_table_schema={translated[None]!r}, too",
        )
    return connection


def _current_schema(connection: Connection) -> str | None:
    """The schema in which a table without one would be made."""
    sql = "SELECT pg_catalog.current_schema()::pg_catalog.text"
    if connection.in_transaction():
        return connection.exec_driver_sql(sql).scalar_one_or_none()
    with connection.begin():
        return connection.exec_driver_sql(sql).scalar_one_or_none()
