"""Run env.py as it is, with what we need attached from outside.

env.py makes its own engine and may prepare its connection, so that connection is never swapped for
ours. We wrap `configure` of the EnvironmentContext *instance* (Alembic's module proxy calls it
there; a subclass would not be found) and listen to the engine's `begin`: every transaction of a
worker first proves that it works where our lock is held, and gets its time limits.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, MetaData, event

from headstart.advisory_lock import held_condition
from headstart.errors import BrokenHistory, HeadstartError
from headstart.events import Say
from headstart.revisions.failure import named_failures
from headstart.revisions.output import captured_output, reclaim_logging
from headstart.revisions.project import Project
from headstart.state import Scope, TableName

CONNECTION_CHECK_MILLISECONDS = 1000
"""How soon the server notices that a worker has died and ends its statement (PostgreSQL 14+)."""

Steps = Callable[[Any, Any], Iterable[Any]]
"""Alembic's `fn`: current heads and migration context to the steps to run."""

Canceller = Callable[[], None]


@dataclass(frozen=True)
class Worker:
    """What every transaction of env.py's connection gets, and whom it tells.

    `nonce` is the key of the fence. `url` is SQLAlchemy's. Timeouts are seconds; 0 is none.
    `register_cancel` takes what cancels the running statement from another thread.
    """

    url: str
    application_name: str
    nonce: int
    lock_timeout_seconds: float
    statement_timeout_seconds: float
    explain_missing_fence: Callable[[], HeadstartError]
    register_cancel: Callable[[Canceller], None]
    say: Say


class _Probed(BaseException):
    """Leaves env.py before any revision; no `except Exception` there can catch it."""


def probe_env(project: Project, worker: Worker) -> tuple[Scope, frozenset[TableName]]:
    """Run env.py up to its configure call and tell what it configures.

    Gives where its version table is, which schema and role its connection has, and the tables of
    its metadata. What env.py itself commits before that call stays. Raises BrokenHistory where it
    cannot be driven safely or raises, and ConnectionLost.
    """
    found: list[tuple[Scope, frozenset[TableName]]] = []

    def capture(connection: Connection, options: dict[str, Any]) -> None:
        with connection.begin():  # runs the fence
            schema, role = connection.exec_driver_sql(
                "SELECT pg_catalog.current_schema()::text, current_user::text"
            ).one()
        table = options.get("version_table") or "alembic_version"
        scope = Scope(table, options.get("version_table_schema"), schema, role)
        found.append((scope, frozenset(_metadata_tables(options.get("target_metadata")))))
        raise _Probed

    try:
        with named_failures(project, lambda: None):
            run_environment(project, worker, lambda *_: (), capture)
    except _Probed:
        return found[0]
    raise BrokenHistory("env.py never called context.configure()")


def run_environment(
    project: Project,
    worker: Worker,
    steps: Steps,
    configured: Callable[[Connection, dict[str, Any]], None] = lambda *_: None,
) -> None:
    """Run env.py with `steps` as the work, one transaction a revision."""
    config = project.config
    config.set_main_option("sqlalchemy.url", worker.url.replace("%", "%%"))
    environment = EnvironmentContext(config, project.directory, fn=steps)
    original = environment.configure
    with ExitStack() as attached:

        def configure(connection: Connection | None = None, **options: Any) -> None:
            reclaim_logging(worker.say)
            usable = _usable(connection)
            begin = _on_begin(worker)
            event.listen(usable.engine, "begin", begin)
            attached.callback(event.remove, usable.engine, "begin", begin)
            configured(usable, options)
            original(usable, **options | {"transaction_per_migration": True})

        environment.configure = configure  # type: ignore[assignment, method-assign]
        attached.enter_context(captured_output(worker.say))
        attached.enter_context(environment)
        project.directory.run_env()


def _usable(connection: Connection | None) -> Connection:
    """Refuse a connection on which no revision could have a transaction of its own."""
    if connection is None:
        raise BrokenHistory("env.py gave context.configure() no connection")
    if connection.in_transaction():
        raise BrokenHistory(
            "env.py begins a transaction before context.configure(), so that a revision cannot"
            " have its own",
            next_step="in env.py use engine.connect() instead of engine.begin(), and commit what"
            " it executes before context.configure()",
        )
    # asked of the driver: an engine made with isolation_level has no execution option to show
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        raise BrokenHistory(
            "env.py's engine is in AUTOCOMMIT, so that a revision that fails would stay half done",
            next_step="remove isolation_level='AUTOCOMMIT' from env.py",
        )
    return connection


def _on_begin(worker: Worker) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None
        worker.register_cancel(getattr(dbapi, "cancel", lambda: None))
        version = connection.dialect.server_version_info or (0,)
        cursor = dbapi.cursor()
        try:
            cursor.execute(_begin_sql(worker, int(version[0])))
            held = cursor.fetchone()
        finally:
            cursor.close()
        if not (held and held[0]):
            raise worker.explain_missing_fence()

    return begin


def _begin_sql(worker: Worker, major: int) -> str:
    """One round trip: is the fence up, and the settings of this transaction, SET LOCAL."""
    settings = {
        "application_name": worker.application_name,
        "lock_timeout": _milliseconds(worker.lock_timeout_seconds),
        "statement_timeout": _milliseconds(worker.statement_timeout_seconds),
        "idle_in_transaction_session_timeout": "0",
    }
    if major >= 14:
        settings["client_connection_check_interval"] = str(CONNECTION_CHECK_MILLISECONDS)
    if major >= 17:
        settings["transaction_timeout"] = "0"
    calls = "".join(
        f", pg_catalog.set_config('{name}', '{value}', true)" for name, value in settings.items()
    )
    fence = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(worker.nonce)}"
    return f"SELECT EXISTS ({fence}){calls}"


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _metadata_tables(metadata: MetaData | Iterable[MetaData] | None) -> Iterable[TableName]:
    if metadata is None:
        return
    for one in [metadata] if isinstance(metadata, MetaData) else metadata:
        for table in one.tables.values():
            yield table.schema, table.name
