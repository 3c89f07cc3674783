"""Run env.py up to its call of run_migrations, to learn what it configures and sets.

Nothing is decided before that, and nothing of Alembic's runs; what env.py itself commits until then
stays.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from alembic import context
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import InvalidRequestError

from headstart.facts.sql import array
from headstart.facts.state import Scope, TableName
from headstart.revisions.environment import Configured, Mode, Pass, run_environment, version_table
from headstart.revisions.failure import named_failures
from headstart.revisions.preparation import LeftOnPurpose
from headstart.revisions.project import Project
from headstart.revisions.script_source import env_rolls_back, scripts_with_autocommit
from headstart.revisions.sessions import is_pooled, session_settings
from headstart.revisions.upgrade_functions import refuse_without_upgrade
from headstart.revisions.version_column import width_made_by
from headstart.revisions.worker import Worker
from headstart.verdict.errors import BrokenHistory, ConnectionLost
from headstart.verdict.events.revisions import EnvProbed


@dataclass(frozen=True)
class Probe:
    """What env.py configures: where, with which tables, in which mode, on which connection.

    `begun_by_env`: env.py began the one transaction of mode ATOMIC before it configured.
    One that it begins later, by what it executes, is Alembic's: SET LOCAL there holds for all.
    `session_settings` are what env.py has set behind a pooler; `limits` are the server's
    own lock_timeout and statement_timeout there, unless they are 0; `own_limits` names the limits
    that env.py has set itself: they hold for its revisions, as with Alembic alone.
    """

    worker: Worker
    driver: str
    scope: Scope
    metadata: tuple[MetaData, ...]
    mode: Mode
    begun_by_env: bool
    pooled: bool
    session_settings: tuple[str, ...]
    limits: tuple[str, ...]
    own_limits: tuple[str, ...]

    @property
    def tables(self) -> frozenset[TableName]:
        """The tables of env.py's target_metadata."""
        every = (table for one in self.metadata for table in one.tables.values())
        return frozenset((table.schema, table.name) for table in every)


def probe_env(project: Project, worker: Worker) -> Probe:
    """Run env.py up to its call of run_migrations; an async one with an async driver.

    Raises BrokenHistory where it cannot be driven safely or raises, InvalidSettings, AccessRefused,
    WrongDatabase and ConnectionLost.
    """
    try:
        probe = _probe(project, worker)
    except BrokenHistory as error:
        if not _asks_for_async_driver(error.__cause__):
            raise
        probe = _probe_async(project, worker)
    worker.emit(
        EnvProbed(
            transactions=probe.mode.value,
            driver=probe.driver,
            pooled=probe.pooled,
            own_limits=probe.own_limits,
            schema=probe.scope.schema,
            role=probe.scope.role,
            version_table=probe.scope.version_table,
        )
    )
    return probe


def _probe_async(project: Project, worker: Worker) -> Probe:
    try:
        return _probe(project, replace(worker, driver=_async_driver(worker)))
    except BrokenHistory as error:
        if _asks_for_async_driver(error.__cause__):  # the app has read its settings once for all
            error.next_step = (
                "name the driver in the URL, as in DATABASE_URL=postgresql+asyncpg://, which env.py"
                " finds in the environment as it is"
            )
        raise


def refuse_unsafe(project: Project, probe: Probe, pending: Iterable[str]) -> None:
    """Refuse what cannot be run safely, before the first revision. Raises BrokenHistory."""
    pending = tuple(pending)
    refuse_without_upgrade(project, pending)
    if not probe.begun_by_env and not probe.pooled:
        return
    leaving = scripts_with_autocommit(project, pending)
    if not leaving:
        return
    files = ", ".join(leaving)
    if probe.begun_by_env:
        raise BrokenHistory(
            f"{files}: an autocommit_block cannot run, because env.py begins one transaction for"
            " all revisions before context.configure()",
            next_step="in env.py use engine.connect() instead of engine.begin(), and commit what it"
            " executes before context.configure()",
        )
    if probe.pooled and probe.session_settings:
        raise BrokenHistory(
            f"{files}: an autocommit_block cannot keep what env.py sets for its session"
            f" ({', '.join(probe.session_settings)}) behind a transaction pooler",
            next_step="give headstart a URL that leads to the server itself, past the pooler",
        )
    if probe.pooled and probe.limits:
        raise BrokenHistory(
            f"{files}: an autocommit_block behind a transaction pooler would run under the"
            f" server's own {', '.join(probe.limits)}, and be left half done by it",
            next_step="give headstart a URL that leads to the server itself, past the pooler, or"
            " set these to 0 for its role (ALTER ROLE ... SET ... = 0)",
        )


def _probe(project: Project, worker: Worker) -> Probe:
    seen: list[Configured] = []
    found: list[Probe] = []

    def configured(now: Configured) -> None:
        seen.append(now)
        found.append(_probe_of(worker, now))  # env.py may never call run_migrations

    def starting() -> None:
        if seen and seen[-1].connection.in_transaction():
            seen.append(replace(seen[-1], mode=Mode.ATOMIC))
        if seen:
            probe = _probe_of(worker, seen[-1])
            width = width_made_by(context.get_context())
            found.append(replace(probe, scope=replace(probe.scope, version_width=width)))
        raise LeftOnPurpose

    with suppress(LeftOnPurpose), named_failures(project, lambda: None, link=worker.link):
        split = not env_rolls_back(project)
        work = Pass(lambda *_: (), split, configured=configured, starting=starting)
        # without limits of ours, which would hide env.py's own
        run_environment(project, replace(worker, own_limits=_LIMITS), work)
    if not found:
        if worker.link.is_lost():
            raise ConnectionLost("the database went away while env.py was run")
        raise BrokenHistory(
            "env.py never called context.configure()",
            next_step="let env.py call context.configure(connection=...) in online mode",
        )
    return found[-1]


def _probe_of(worker: Worker, now: Configured) -> Probe:
    connection = now.connection
    row = _look(connection)
    own_limits = tuple(json.loads(row[4] or "[]"))
    pooled = is_pooled(connection)
    return Probe(
        replace(worker, own_limits=own_limits),
        connection.dialect.driver,
        Scope(*version_table(now.options), row[0], row[1], tuple(json.loads(row[2]))),
        _metadata(now.options.get("target_metadata")),
        now.mode,
        now.begun,
        pooled,
        session_settings(connection) if pooled else (),
        tuple(json.loads(row[3] or "[]")),
        own_limits,
    )


_LIMITS = ("lock_timeout", "statement_timeout")


def _look(connection: Connection) -> Any:
    sql = (
        "SELECT pg_catalog.current_schema()::pg_catalog.text, current_user::pg_catalog.text,"
        " pg_catalog.array_to_json(pg_catalog.current_schemas(false))::pg_catalog.text,"
        " (SELECT pg_catalog.json_agg(pg_catalog.concat(s.name, ' = ', s.reset_val))"
        "::pg_catalog.text FROM pg_catalog.pg_settings s"
        f" WHERE s.name OPERATOR(pg_catalog.=) ANY ({array(_LIMITS)})"
        " AND s.reset_val OPERATOR(pg_catalog.<>) '0'),"
        " (SELECT pg_catalog.json_agg(s.name)::pg_catalog.text FROM pg_catalog.pg_settings s"
        f" WHERE s.name OPERATOR(pg_catalog.=) ANY ({array(_LIMITS)})"
        f" AND s.source OPERATOR(pg_catalog.=) ANY ({array(['client', 'session'])}))"
    )
    if connection.in_transaction():
        return connection.exec_driver_sql(sql).one()
    with connection.begin():  # runs the fence
        return connection.exec_driver_sql(sql).one()


def _asks_for_async_driver(error: BaseException | None) -> bool:
    """Whether SQLAlchemy's asyncio engine refused a driver that is not async."""
    if not isinstance(error, InvalidRequestError):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return str(place) == "sqlalchemy.ext.asyncio.engine"


def _async_driver(worker: Worker) -> str:
    for driver in worker.async_drivers:
        if find_spec(driver) is not None:
            return driver
    raise BrokenHistory(
        "env.py is async, and this image has no async driver",
        next_step=f"install {' or '.join(worker.async_drivers)} in the image",
    )


def _metadata(metadata: MetaData | Iterable[MetaData] | None) -> tuple[MetaData, ...]:
    if metadata is None:
        return ()
    return (metadata,) if isinstance(metadata, MetaData) else tuple(metadata)
