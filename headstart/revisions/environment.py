"""Run env.py as it is, with what we need attached from outside.

env.py makes its own engine and may prepare its connection, so that connection is never swapped for
ours. We wrap `configure` of the EnvironmentContext *instance* (Alembic's module proxy calls it
there; a subclass would not be found) and listen to the engine's `begin`: every transaction of a
worker first proves that it works where our lock is held, and gets its time limits.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, MetaData, event

from headstart.advisory_lock import held_condition
from headstart.errors import BrokenHistory, HeadstartError
from headstart.events import Say
from headstart.revisions.failure import LeftOnPurpose, named_failures
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


def probe_env(project: Project, worker: Worker) -> tuple[Scope, frozenset[TableName]]:
    """Run env.py up to its configure call and tell what it configures.

    Gives where its version table is, which schemas and role its connection has, and the tables of
    its metadata. What env.py itself commits before that call stays. Raises BrokenHistory where it
    cannot be driven safely or raises, AccessRefused and ConnectionLost.
    """
    found: list[tuple[Scope, frozenset[TableName]]] = []

    def capture(connection: Connection, options: dict[str, Any]) -> None:
        with connection.begin():  # runs the fence
            schema, role, path = connection.exec_driver_sql(
                "SELECT pg_catalog.current_schema()::text, current_user::text,"
                " pg_catalog.array_to_json(pg_catalog.current_schemas(false))::text"
            ).one()
        scope = Scope(*_version_table(options), schema, role, tuple(json.loads(path)))
        found.append((scope, frozenset(_metadata_tables(options.get("target_metadata")))))
        raise LeftOnPurpose

    with suppress(LeftOnPurpose), named_failures(project, lambda: None):
        run_environment(project, worker, Pass(lambda *_: (), configured=capture, mutates=False))
    if not found:
        raise BrokenHistory("env.py never called context.configure()")
    return found[0]


@dataclass(frozen=True)
class Pass:
    """One pass over env.py: the steps to run, and who hears of its connection's beginnings."""

    steps: Steps
    configured: Callable[[Connection, dict[str, Any]], None] = lambda *_: None
    begun: Callable[[int], None] | None = None
    mutates: bool = True


def run_environment(project: Project, worker: Worker, work: Pass) -> None:
    """Run env.py with the steps as its work, one transaction a revision."""
    config = project.config
    config.set_main_option("sqlalchemy.url", worker.url.replace("%", "%%"))
    environment = EnvironmentContext(
        config, project.directory, fn=work.steps, dont_mutate=not work.mutates
    )
    original = environment.configure
    tables: set[tuple[str, str | None]] = set()
    with ExitStack() as attached:

        def configure(connection: Connection | None = None, **options: Any) -> None:
            reclaim_logging(worker.say)
            tables.add(_version_table(options))
            _refuse_tenants(tables)
            usable = _usable(connection)
            begin = _on_begin(worker, usable, work.begun)
            event.listen(usable.engine, "begin", begin)
            attached.callback(event.remove, usable.engine, "begin", begin)
            work.configured(usable, options)
            original(usable, **options | {"transaction_per_migration": True})

        environment.configure = configure  # type: ignore[assignment, method-assign]
        attached.enter_context(captured_output(worker.say))
        attached.enter_context(environment)
        project.directory.run_env()


def _version_table(options: dict[str, Any]) -> tuple[str, str | None]:
    return options.get("version_table") or "alembic_version", options.get("version_table_schema")


def _refuse_tenants(tables: set[tuple[str, str | None]]) -> None:
    """A verdict is about one version table: of a second one it would say nothing."""
    if len(tables) > 1:
        raise BrokenHistory(
            "env.py configures several version tables",
            next_step="run headstart once for each of them (HEADSTART_X tells env.py which)",
        )


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


def _on_begin(
    worker: Worker, migrating: Connection, begun: Callable[[int], None] | None
) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None
        worker.register_cancel(getattr(dbapi, "cancel", lambda: None))
        version = connection.dialect.server_version_info or (0,)
        # the engine's other connections (an inspector, a Session) are none of the revision's
        numbered = begun is not None and connection is migrating
        cursor = dbapi.cursor()
        try:
            cursor.execute(_begin_sql(worker, int(version[0]), numbered=numbered))
            row = cursor.fetchone()
        finally:
            cursor.close()
        if not (row and row[0]):
            raise worker.explain_missing_fence()
        if begun is not None and numbered and not getattr(dbapi, "autocommit", False):
            begun(int(row[1]))

    return begin


def _begin_sql(worker: Worker, major: int, *, numbered: bool) -> str:
    """One round trip: is the fence up, the transaction's number, and its settings, SET LOCAL."""
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
    number = "pg_catalog.txid_current()" if numbered else "NULL"
    return f"SELECT EXISTS ({fence}), {number}{calls}"


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _metadata_tables(metadata: MetaData | Iterable[MetaData] | None) -> Iterable[TableName]:
    if metadata is None:
        return
    for one in [metadata] if isinstance(metadata, MetaData) else metadata:
        for table in one.tables.values():
            yield table.schema, table.name
