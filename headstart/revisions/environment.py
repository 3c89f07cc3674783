"""Run env.py as it is, with what we need attached from outside.

env.py makes its own engine and may prepare its connection, so that connection is never swapped for
ours. We wrap `configure` of the EnvironmentContext *instance* (Alembic's module proxy calls it
there; a subclass would not be found) and listen to the engine: every transaction of a worker first
proves that it works where our lock is held, and gets its time limits.

An example: Alembic's generic env.py, and what happens here at each of its lines.

    connectable.connect()                      _watch_opened    the link knows the socket
    context.configure(connection, ..)          _Configure       the connection is idle, so each
                                               revision may have a transaction: PER_REVISION. The
                                               engine's events are heard from now on
    with context.begin_transaction():          _Whole           commits what is open at its end
        context.run_migrations()               start            begins a transaction, and calls
                                               work.starting(): inspect and decide; then Alembic
                                               asks work.steps what to run
            BEGIN, for a step                  _begin           is the fence up? time limits
            COMMIT                             _commit          not if the revision has failed

An env.py with `with engine.begin() as connection` has begun already, and one transaction holds all
revisions: ATOMIC. Its BEGIN came before anybody listened, so _attach does the work of _begin. One
that executes something between configure() and run_migrations() has begun by then, too.

env.py runs once: what it takes (a lock of its own), defines (a table of the app's MetaData) or
prepares is there once, as with Alembic.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol, Self

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.engine.interfaces import ExceptionContext

from headstart.facts.state import Scope
from headstart.revisions.alembics_own import with_own_operators
from headstart.revisions.begun import SQL_STATE, Begun, Numbering
from headstart.revisions.causes import note_as_our_own
from headstart.revisions.drivers import refuse_unknown_driver
from headstart.revisions.late_driver import late_driver
from headstart.revisions.output import captured_output, hard_exits_raised, reclaim_logging
from headstart.revisions.project import Project, upgrade_arguments
from headstart.revisions.refusal import LeftOnPurpose, Refusal
from headstart.revisions.script_source import env_mentions
from headstart.revisions.sessions import is_pooled, kept_sessions
from headstart.revisions.version_column import width_made_by
from headstart.revisions.worker import (
    Worker,
    begin_transaction,
    end_autocommit,
    is_autocommit,
    one_row,
)
from headstart.settings.declared import DeclaredSettings
from headstart.verdict.errors import BrokenHistory, Cancelled, ConnectionLost, HeadstartError

Steps = Callable[[Any, Any], Iterable[Any]]
"""Alembic's `fn`: current heads and migration context to the steps to run."""

Options = dict[str, Any]
"""What env.py passes to context.configure()."""


class Transactions(Protocol):
    """Who hears of the transactions on the connection that migrates."""

    def begun(self, transaction: Begun | None) -> None:
        """One has begun; None for an autocommit block."""

    def ending(self, connection: Connection) -> None:
        """One is about to end."""

    def executing(self, connection: Connection, statement: str) -> None:
        """A statement is about to be sent."""

    def executed(self, statement: str) -> None:
        """A statement has succeeded."""


class Mode(StrEnum):
    """In which transactions the revisions run; env.py decides, by what it configures with."""

    PER_REVISION = "per_revision"
    """The connection was idle: one transaction a revision."""
    ATOMIC = "atomic"
    """All revisions in one, which env.py commits or not: it had begun one, or may roll it back."""


@dataclass(frozen=True)
class Started:
    """env.py's call of run_migrations(): on which connection, configured how, in which mode.

    `begun`: env.py had begun a transaction before it configured. `own_limits` are the names of the
    time limits that it had set before this transaction; `version_width` is how many characters
    version_num takes where Alembic makes the table, None for no limit.
    """

    connection: Connection
    options: Options
    mode: Mode
    begun: bool
    own_limits: tuple[str, ...]
    version_width: int | None = None


Starting = Callable[[Started], Scope]
"""Called when env.py comes to its migrations; gives where it works."""


@dataclass(frozen=True)
class Pass:
    """The pass over env.py: what is decided and run in it, and who hears of what happens.

    `starting` is called when env.py calls context.run_migrations(), in a transaction on the
    connection that migrates, and gives where that works; an error of ours that it raises is a
    refusal, which leaves env.py for good. Then `steps` gives Alembic what to run.
    `may_split`: each revision may have a transaction of its own, where env.py has begun none.
    `heard` hears of each transaction on the connection that migrates; `failure` is what a revision
    has raised.
    """

    starting: Starting
    steps: Steps
    may_split: bool
    heard: Transactions
    failure: Callable[[], BaseException | None]


def run_environment(project: Project, worker: Worker, work: Pass) -> None:
    """Run env.py, once. Raises what it raises, but the refusal where there was one."""
    _refuse_several_databases(project)
    config = project.config
    config.set_main_option("sqlalchemy.url", worker.url().replace("%", "%%"))
    environment = EnvironmentContext(
        config, project.directory, fn=work.steps, dont_mutate=True, **upgrade_arguments(config)
    )
    with ExitStack() as attached:
        refusal = Refusal(attached, worker)
        _Configure(worker, work, attached, environment, refusal)
        attached.enter_context(worker.environment())
        attached.enter_context(late_driver(worker.async_drivers, worker.translated))
        attached.enter_context(captured_output(worker.emit, refusal.is_told))
        attached.enter_context(kept_sessions())
        _watch_opened(worker, attached)
        attached.enter_context(with_own_operators())
        attached.enter_context(hard_exits_raised())
        attached.enter_context(environment)
        try:
            project.directory.run_env()
        except BaseException as error:
            if refusal.error in (None, error) or isinstance(error, Cancelled):
                raise
            raise refusal.error from error
        if refusal.error is not None:
            raise refusal.error


def _watch_opened(worker: Worker, attached: ExitStack) -> None:
    """Hear of every connection that is opened, also of those before context.configure()."""
    worker.link.start()

    def opened(_: Any, record: Any) -> None:
        worker.link.opened(record.driver_connection)

    tries = worker.link.tries
    # on the class Pool, since env.py has yet to make its engine
    event.listen(Pool, "connect", opened)
    attached.callback(event.remove, Pool, "connect", opened)
    event.listen(Engine, "do_connect", tries)
    attached.callback(event.remove, Engine, "do_connect", tries)


def version_table(options: Options) -> tuple[str, str | None]:
    """The name and the schema of the version table that env.py configures."""
    table = options.get("version_table") or DeclaredSettings.version_table
    return table, options.get("version_table_schema")


def current_schema(connection: Connection) -> str | None:
    """The schema in which a table without one would be made."""
    sql = "SELECT pg_catalog.current_schema()::pg_catalog.text"
    if connection.in_transaction():
        return connection.exec_driver_sql(sql).scalar_one_or_none()
    with connection.begin():
        return connection.exec_driver_sql(sql).scalar_one_or_none()


class _Configure:
    """Stands in for configure and run_migrations of an EnvironmentContext during the pass."""

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
        self._mode = Mode.ATOMIC

    def configure(self, connection: Connection | None = None, **options: Any) -> None:
        """Alembic's configure, with a transaction for each revision where that may be."""
        # env.py has called fileConfig by now, if it does, which silences our log
        reclaim_logging(self._worker.emit, self._refusal.is_told)
        # Alembic keeps what an earlier call has given, as the version table's name
        given, options = options, {**self._environment.context_opts, **options}
        usable = _usable(connection, options)
        begun = usable.in_transaction()
        split = self._work.may_split or bool(given.get("transaction_per_migration"))
        self._mode = mode = Mode.PER_REVISION if split and not begun else Mode.ATOMIC
        # before the refusal, which asks the database: that has to be behind the fence, too
        self._attach(usable)
        self._refuse_second(usable, options)
        self._now = Started(usable, options, mode, begun, ())
        split_now = {"transaction_per_migration": mode is Mode.PER_REVISION}
        self._configure(usable, **given | split_now)
        if mode is Mode.PER_REVISION:
            _demarcate(self._environment.get_context())

    def start(self, **options: Any) -> None:
        """Alembic's run_migrations, after all has been read and decided."""
        if self._now is not None:
            self._now = self._settled(self._now)
            try:
                self._scope = self._work.starting(self._now)
            except ConnectionLost:  # nothing is decided, and env.py may have another connection
                raise
            except HeadstartError as error:
                self._refusal.refuse(error, self._now.connection)
                raise
            except Exception as error:
                note_as_our_own(error)
                raise
        self._run_migrations(**options)

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
        begun, limits = begin_transaction(self._worker, connection, numbering, self._own_limits)
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
            heard.executed(statement)

    def _commit(self, connection: Connection) -> None:
        """Do not let an env.py that swallows the failure of a revision commit half of it."""
        failure = self._work.failure()
        if failure is not None and failure is not self._rolled_back:
            raise LeftOnPurpose
        self._ending(connection)
        end_autocommit(connection)

    def _rollback(self, connection: Connection) -> None:
        # from here on env.py may commit again: nothing is left of what failed
        self._rolled_back = self._work.failure()
        self._ending(connection)
        if connection in self._connections:
            self._worker.link.look_at(connection)

    def _ending(self, connection: Connection) -> None:
        if (heard := self._heard_on(connection)) is not None:
            heard.ending(connection)

    def _hear_error(self, context: ExceptionContext) -> None:
        if context.connection in self._connections:
            self._worker.link.hear_error(context)

    def _refuse_second(self, connection: Connection, options: Options) -> None:
        """A verdict is about one version table: of a second one it would say nothing."""
        scope = self._scope
        if scope is None:
            return
        same = version_table(options) == (scope.version_table, scope.version_schema)
        if not same or current_schema(connection) != scope.schema:
            raise BrokenHistory(
                "env.py configures several version tables; what was applied belongs to the first",
                next_step="run headstart once for each of them: let env.py take the one from"
                " context.get_x_argument(), which HEADSTART_X sets",
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


def _refuse_several_databases(project: Project) -> None:
    """The multidb template has a list of databases in alembic.ini; an option of its own."""
    names = [
        name.strip() for name in (project.config.get_main_option("databases") or "").split(",")
    ]
    if len(names) > 1 and env_mentions(project, "databases"):
        raise BrokenHistory(
            f"env.py works on several databases ({', '.join(names)}), and headstart on one",
            next_step="give each database an Alembic project, and a run, of its own",
        )


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
            next_step="remove isolation_level='AUTOCOMMIT' from env.py",
        )
    translated = connection.get_execution_options().get("schema_translate_map", {})
    if translated.get(None) and not options.get("version_table_schema"):
        raise BrokenHistory(
            f"env.py translates schema None to {translated[None]}, where Alembic makes its version"
            " table, but looks for it elsewhere: the next upgrade would begin anew",
            next_step=f"let env.py configure with version_table_schema={translated[None]!r}, too",
        )
    return connection
