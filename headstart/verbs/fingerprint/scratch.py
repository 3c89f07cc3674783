"""A database in which revisions may be replayed: one of the embedded server's, or a given one.

A given one is never emptied: that it is empty, or where an earlier replay left it, is a condition.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg2

from headstart.facts.literals import array, literal
from headstart.facts.sql import identifier
from headstart.postgres.identity import Purpose
from headstart.settings.database import DatabaseSource
from headstart.settings.database_url import DatabaseUrl
from headstart.values import dataclass
from headstart.verbs.task import Task
from headstart.verdict.errors import HeadstartError, InvalidSettings

NAME = "headstart_fingerprints"
FOLDER = "fingerprints"
"""Where the server for replays has its data, in HEADSTART_EMBEDDED_DIR."""


@dataclass(frozen=True)
class Scratch:
    """A scratch database; `task` works in it, `admin` (of the embedded server) may make it anew.

    `may_resume`: revisions may be run in it though it is not empty.
    """

    task: Task
    admin: Task | None
    may_resume: bool = True

    def unusable(self) -> InvalidSettings:
        """The error of one in which no revision may be run."""
        which = "the database of --url" if self.admin is None else f"the scratch database {NAME}"
        return InvalidSettings(
            f"{which} is neither empty nor (with --continue) a scratch database at a recorded"
            " revision",
            next_step=(
                "name an empty database, say --continue for a scratch one, or leave --url"
                " out (embedded Postgres)"
            ),
        )

    def empty(self) -> None:
        """Make it anew. Raises InvalidSettings for a given database."""
        if self.admin is None:
            raise self.unusable()
        try:
            if has_traces(self.admin):
                _renew(self.admin)
            _make(self.admin, NAME, anew=True)
        except psycopg2.Error as error:  # most likely a replay that is going on
            raise InvalidSettings(
                f"the scratch database {NAME} cannot be created again: {error}",
                next_step="wait for the other replay to end, or set HEADSTART_EMBEDDED_DIR",
            ) from None

    @property
    def has_traces(self) -> bool:
        """Whether the embedded server has something that a replay left outside its database."""
        return self.admin is not None and has_traces(self.admin)

    def beside(self, name: str) -> Task:
        """Another, empty database on the same server. Raises InvalidSettings."""
        full = f"{NAME}_{name}"
        try:
            _make(self.admin or self.task, full, anew=True)
        except psycopg2.Error as error:
            raise InvalidSettings(
                f"database {full} cannot be created next to the database of --url: {error}",
                next_step="let the role of --url create databases, or leave --url out",
            ) from None
        return _within(self.task, full)

    @contextmanager
    def copies(self) -> Iterator[Callable[[], Task] | None]:
        """What makes databases that are as this one is now; None where none can be made.

        They are dropped at the end.
        """
        admin, before = self.admin or self.task, f"{NAME}_{BEFORE}"
        source = str(dict(self.task.resolve())["dbname"])

        def copy() -> Task:
            _make(admin, f"{NAME}_{AGAIN}", anew=True, template=before)
            return _within(self.task, f"{NAME}_{AGAIN}")

        try:
            _make(admin, before, anew=True, template=source)
        except psycopg2.Error:  # no privilege, or somebody is connected to the database of --url
            yield None
            return
        try:
            yield copy
        finally:
            with (
                suppress(psycopg2.Error, HeadstartError),
                admin.connect(Purpose.WORK) as connection,
            ):
                for name in (AGAIN, BEFORE):
                    # a replay that was broken off may still be connected
                    dropping = (
                        f"DROP DATABASE IF EXISTS {identifier(f'{NAME}_{name}')} WITH (FORCE)"
                    )
                    connection.execute(dropping, timeout_seconds=60, pin=False)


def open_scratch(task: Task, *, resume: bool) -> Scratch:
    """The embedded server's, which keeps what an earlier replay left, or the one that is named."""
    if not task.settings.embedded:
        return Scratch(task, None, resume)
    # a server of its own: what a replay leaves on it is nobody's, and what others make not there
    directory = str(Path(task.settings.embedded_dir) / FOLDER)
    admin = replace(task, settings=replace(task.settings, embedded_dir=directory))
    _make(admin, NAME, anew=False)
    return Scratch(_within(admin, NAME), admin)


def has_traces(admin: Task) -> bool:
    """Whether a server has roles, databases or settings that it had not when it was made."""
    with admin.connect(Purpose.READ) as connection:
        return bool(connection.execute(_TRACES)[0][0])


_FIRST_NORMAL_OID = 16384
"""PostgreSQL's access/transam.h: what has a smaller one was made by initdb."""
AGAIN, BEFORE = "again", "before"
_OURS = ("headstart", NAME, *(f"{NAME}_{each}" for each in ("create_all", AGAIN, BEFORE)))
_TRACES = f"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid >= {_FIRST_NORMAL_OID})
    OR EXISTS (SELECT FROM pg_catalog.pg_tablespace t WHERE t.oid >= {_FIRST_NORMAL_OID})
    OR EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.oid >= {_FIRST_NORMAL_OID}
                  AND d.datname <> ALL ({array(_OURS)}))
    OR EXISTS (SELECT FROM pg_catalog.pg_db_role_setting)
    OR EXISTS (SELECT FROM pg_catalog.pg_parameter_acl)
    OR EXISTS (SELECT FROM pg_catalog.pg_subscription)
    OR EXISTS (SELECT FROM pg_catalog.pg_replication_slots)
    OR EXISTS (SELECT FROM pg_catalog.pg_file_settings f
                WHERE f.sourcefile LIKE '%/postgresql.auto.conf')"""


def _renew(admin: Task) -> None:
    """Make the server anew: what a replay left there is in the way of the next one."""
    from headstart.dev.embedded import renew_embedded  # the image does not have what this imports

    with admin.connect(Purpose.WORK) as connection, suppress(psycopg2.Error):
        # a tablespace is outside of the data: what it holds goes first, where nobody uses that
        dropping = f"DROP DATABASE IF EXISTS {identifier(NAME)}"
        connection.execute(dropping, timeout_seconds=60, pin=False)
        tablespaces = connection.execute(
            f"SELECT spcname FROM pg_catalog.pg_tablespace t WHERE t.oid >= {_FIRST_NORMAL_OID}"
        )
        for (name,) in tablespaces:
            connection.execute(f"DROP TABLESPACE {identifier(str(name))}", pin=False)
    renew_embedded(admin.settings.embedded_dir)


def _make(admin: Task, name: str, *, anew: bool, template: str = "template0") -> None:
    with admin.connect(Purpose.WORK) as connection:
        if anew:
            dropping = f"DROP DATABASE IF EXISTS {identifier(name)}"
            connection.execute(dropping, timeout_seconds=60, pin=False)
        there = f"SELECT 1 FROM pg_catalog.pg_database WHERE datname = {literal(name)}"
        if not connection.execute(there):
            # template0 has nothing in it that somebody may have put into template1
            sql = f"CREATE DATABASE {identifier(name)} TEMPLATE {identifier(template)}"
            connection.execute(sql, timeout_seconds=60, pin=False)


def _within(task: Task, name: str) -> Task:
    parameters = dict(task.resolve()) | {"dbname": name}
    source = DatabaseSource("the scratch database", DatabaseUrl(parameters=parameters))
    return replace(task, settings=replace(task.settings, database=source, embedded=False))
