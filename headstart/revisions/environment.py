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
    with context.begin_transaction():
        context.run_migrations()               start            work.starting(): inspect and decide;
                                               then Alembic asks work.steps what to run
            BEGIN, for a step                  _begin           is the fence up? time limits
            COMMIT                             _commit          not if the revision has failed

An env.py with `with engine.begin() as connection` has begun already, and one transaction holds all
revisions: ATOMIC. Its BEGIN came before anybody listened, so _attach does the work of _begin.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.engine.interfaces import ExceptionContext

from headstart.facts.state import Scope
from headstart.revisions.alembics_own import with_own_operators
from headstart.revisions.begun import Begun, Numbering
from headstart.revisions.drivers import refuse_unknown_driver
from headstart.revisions.output import captured_output, hard_exits_raised, reclaim_logging
from headstart.revisions.preparation import LeftOnPurpose, upgrade_arguments
from headstart.revisions.project import Project
from headstart.revisions.sessions import is_pooled, kept_sessions
from headstart.revisions.worker import Worker, begin_transaction, end_autocommit, is_autocommit
from headstart.settings.declared import DeclaredSettings
from headstart.verdict.errors import BrokenHistory, WrongDatabase

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
class Configured:
    """One configure call of env.py."""

    connection: Connection
    options: Options
    mode: Mode
    begun: bool
    """Whether env.py had begun a transaction by then."""


@dataclass(frozen=True)
class Pass:
    """One pass over env.py: the steps to run, and who hears of what happens on the way.

    `may_split`: each revision may have a transaction of its own, where env.py has begun none.
    `heard` hears of each transaction on the connection that migrates; `scope` is
    what the probe found, None for the probe itself; `failure` is what a revision has raised;
    `starting` is called when env.py calls context.run_migrations().
    """

    steps: Steps
    may_split: bool
    scope: Scope | None = None
    configured: Callable[[Configured], None] = lambda _: None
    starting: Callable[[], None] = lambda: None
    heard: Transactions | None = None
    failure: Callable[[], BaseException | None] = lambda: None


def run_environment(project: Project, worker: Worker, work: Pass) -> None:
    """Run env.py with the steps as its work."""
    config = project.config
    config.set_main_option("sqlalchemy.url", worker.url_for(worker.driver).replace("%", "%%"))
    environment = EnvironmentContext(
        config,
        project.directory,
        fn=work.steps,
        dont_mutate=work.scope is None,
        **upgrade_arguments(config),
    )
    run_migrations = environment.run_migrations

    def start(**options: Any) -> None:
        work.starting()
        run_migrations(**options)

    environment.run_migrations = start  # type: ignore[method-assign]
    with ExitStack() as attached:
        wrapped = _Configure(worker, work, attached, environment.configure)
        environment.configure = wrapped  # type: ignore[assignment, method-assign]
        attached.enter_context(worker.environment(worker.driver))
        attached.enter_context(captured_output(worker.emit))
        attached.enter_context(kept_sessions())
        _watch_opened(worker, attached)
        attached.enter_context(with_own_operators())
        attached.enter_context(hard_exits_raised())
        attached.enter_context(environment)
        try:
            project.directory.run_env()
        except Exception as error:
            if wrapped.is_lost(error) and (refusal := _several_databases(project)):
                raise refusal from error
            raise


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
    """Stands in for EnvironmentContext.configure during one pass."""

    def __init__(
        self,
        worker: Worker,
        work: Pass,
        attached: ExitStack,
        original: Callable[..., None],
    ) -> None:
        self._worker, self._work = worker, work
        self._attached, self._original = attached, original
        self._connections: list[Connection] = []
        self._rolled_back: BaseException | None = None
        self._mode = Mode.ATOMIC

    def __call__(self, connection: Connection | None = None, **options: Any) -> None:
        # env.py has called fileConfig by now, if it does, which silences our log
        reclaim_logging(self._worker.emit)
        usable = _usable(connection, options)
        begun = usable.in_transaction()
        split = self._work.may_split or bool(options.get("transaction_per_migration"))
        self._mode = mode = Mode.PER_REVISION if split and not begun else Mode.ATOMIC
        # before the refusal, which asks the database: that has to be behind the fence, too
        self._attach(usable)
        self._refuse_second(usable, options)
        self._work.configured(Configured(usable, options, mode, begun))
        split_now = {"transaction_per_migration": mode is Mode.PER_REVISION}
        self._original(usable, **options | split_now)

    def _attach(self, connection: Connection) -> None:
        # env.py may configure again on the same engine: to listen twice would begin twice
        if connection.engine not in [each.engine for each in self._connections]:
            self._listen(connection, "begin", self._begin)
            self._listen(connection, "commit", self._commit)
            self._listen(connection, "rollback", self._rollback)
            self._listen(connection, "handle_error", self._hear_error)
            if self._work.heard is not None:
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
        begun = begin_transaction(self._worker, connection, numbering)
        if begun is not None:
            begun.shared = self._mode is Mode.ATOMIC or is_pooled(connection)
            self._worker.link.set_role = begun.role
        if heard is not None:
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
        scope = self._work.scope
        if scope is None or len(self._connections) == 1:
            return
        same = version_table(options) == (scope.version_table, scope.version_schema)
        if not same or current_schema(connection) != scope.schema:
            raise BrokenHistory(
                "env.py configures several version tables; what was applied belongs to the first",
                next_step="run headstart once for each of them: let env.py take the one from"
                " context.get_x_argument(), which HEADSTART_X sets",
            )

    def is_lost(self, error: Exception) -> bool:
        """Whether env.py never got to a database, or to another than ours."""
        return not self._connections or isinstance(error, WrongDatabase)


def _several_databases(project: Project) -> BrokenHistory | None:
    """The multidb template has a list of databases in alembic.ini; an option of its own."""
    names = [
        name.strip() for name in (project.config.get_main_option("databases") or "").split(",")
    ]
    if len(names) < 2:
        return None
    return BrokenHistory(
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
