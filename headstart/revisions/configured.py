"""What env.py configures and sets, as it is when it calls context.run_migrations()."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, MetaData

from headstart.facts.literals import array
from headstart.facts.state import Scope, TableName
from headstart.revisions.env_pass import Mode, Options, Started, version_table
from headstart.revisions.project import Project
from headstart.revisions.script_source import scripts_with_autocommit
from headstart.revisions.sessions import is_pooled, session_settings
from headstart.revisions.transaction_sql import LIMITS
from headstart.revisions.upgrade_functions import refuse_without_upgrade
from headstart.revisions.worker import Worker, limits_set
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory
from headstart.verdict.events.revisions import EnvConfigured


@dataclass(frozen=True)
class Configured:
    """What env.py configures: where, with which tables, in which mode, on which connection.

    `begun_by_env`: env.py began the one transaction of mode ATOMIC before it configured.
    One that it begins later, by what it executes, is Alembic's: SET LOCAL there holds for all.
    `session_settings` are what env.py has set behind a pooler; `limits` are the server's
    own lock_timeout and statement_timeout there, unless they are 0; `own_limits` names the limits
    that env.py has set itself: they hold for its revisions, as with Alembic alone.
    """

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


def configured_by(worker: Worker, now: Started) -> Configured:
    """Ask the connection what env.py has made of it; in its transaction, one round trip."""
    connection = now.connection
    schema, role, path, limits, found = _look(connection)
    pooled = is_pooled(connection)
    configured = Configured(
        driver=connection.dialect.driver,
        scope=Scope(
            *version_table(now.options), schema, role, tuple(json.loads(path)), now.version_width
        ),
        metadata=_metadata(now.options),
        mode=now.mode,
        begun_by_env=now.begun,
        pooled=pooled,
        session_settings=session_settings(connection) if pooled else (),
        limits=tuple(json.loads(limits or "[]")),
        own_limits=_own(worker, now.own_limits, json.loads(found)),
    )
    worker.emit(
        EnvConfigured(
            transactions=configured.mode.value,
            driver=configured.driver,
            pooled=pooled,
            own_limits=configured.own_limits,
            schema=schema,
            role=role,
            version_table=configured.scope.version_table,
        )
    )
    return configured


def _own(worker: Worker, before: tuple[str, ...], now: dict[str, str]) -> tuple[str, ...]:
    """The limits that env.py set before this transaction, or in it, over ours."""
    ours = limits_set(worker, worker.lock_timeout_seconds)
    return tuple(name for name in LIMITS if name in before or now[name] != ours[name])


def refuse_unsafe(project: Project, configured: Configured, pending: Iterable[str]) -> None:
    """Refuse what cannot be run safely, before the first revision. Raises BrokenHistory."""
    pending = tuple(pending)
    refuse_without_upgrade(project, pending)
    if not configured.begun_by_env and not configured.pooled:
        return
    leaving = scripts_with_autocommit(project, pending)
    if not leaving:
        return
    files = ", ".join(leaving)
    if configured.begun_by_env:
        raise BrokenHistory(
            f"{files}: an autocommit_block cannot run, because env.py begins one transaction for"
            " all revisions before context.configure()",
            next_step="in env.py use engine.connect() instead of engine.begin(), and commit what it"
            " executes before context.configure()",
        )
    if configured.pooled and configured.session_settings:
        raise BrokenHistory(
            f"{files}: an autocommit_block cannot keep what env.py sets for its session"
            f" ({', '.join(configured.session_settings)}) behind a transaction pooler",
            next_step="give headstart a URL that leads to the server itself, past the pooler",
        )
    if configured.pooled and configured.limits:
        raise BrokenHistory(
            f"{files}: an autocommit_block behind a transaction pooler would run under the"
            f" server's own {', '.join(configured.limits)}, and be left half done by it",
            next_step="give headstart a URL that leads to the server itself, past the pooler, or"
            " set these to 0 for its role (ALTER ROLE ... SET ... = 0)",
        )


def _look(connection: Connection) -> Any:
    limits = f"FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) ANY ({_LIMITS})"
    return connection.exec_driver_sql(
        "SELECT pg_catalog.current_schema()::pg_catalog.text, current_user::pg_catalog.text,"
        " pg_catalog.array_to_json(pg_catalog.current_schemas(false))::pg_catalog.text,"
        " (SELECT pg_catalog.json_agg(pg_catalog.concat(s.name, ' = ', s.reset_val))"
        f"::pg_catalog.text {limits} AND s.reset_val OPERATOR(pg_catalog.<>) '0'),"
        f" (SELECT pg_catalog.json_object_agg(s.name, s.setting)::pg_catalog.text {limits})"
    ).one()


_LIMITS = array(LIMITS)


def _metadata(options: Options) -> tuple[MetaData, ...]:
    """What there is of target_metadata; an upgrade of Alembic's does not look at it at all."""
    metadata = options.get("target_metadata")
    every = metadata if isinstance(metadata, list | tuple | set | frozenset) else (metadata,)
    return tuple(each for each in every if isinstance(each, MetaData))
