"""A database in which revisions may be replayed: one of the embedded server's, or a given one.

A given one is never emptied: that it is empty, or where an earlier replay left it, is a condition.
"""

from dataclasses import dataclass, replace

import psycopg2

from headstart.facts.sql import identifier, literal
from headstart.postgres.identity import Purpose
from headstart.settings.database import DatabaseSource
from headstart.settings.database_url import DatabaseUrl
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings

NAME = "headstart_fingerprints"


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
            _make(self.admin, NAME, anew=True)
        except psycopg2.Error as error:  # most likely a replay that is going on
            raise InvalidSettings(
                f"the scratch database {NAME} cannot be created again: {error}",
                next_step="wait for the other replay to end, or set HEADSTART_EMBEDDED_DIR",
            ) from None

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


def open_scratch(task: Task, *, resume: bool) -> Scratch:
    """The embedded server's, which keeps what an earlier replay left, or the one that is named."""
    if not task.settings.embedded:
        return Scratch(task, None, resume)
    _make(task, NAME, anew=False)
    return Scratch(_within(task, NAME), task)


def _make(admin: Task, name: str, *, anew: bool) -> None:
    with admin.connect(Purpose.WORK) as connection:
        if anew:
            dropping = f"DROP DATABASE IF EXISTS {identifier(name)}"
            connection.execute(dropping, timeout_seconds=60, pin=False)
        there = f"SELECT 1 FROM pg_catalog.pg_database WHERE datname = {literal(name)}"
        if not connection.execute(there):
            # template0 has nothing in it that somebody may have put into template1
            sql = f"CREATE DATABASE {identifier(name)} TEMPLATE template0"
            connection.execute(sql, timeout_seconds=60, pin=False)


def _within(task: Task, name: str) -> Task:
    parameters = dict(task.resolve()) | {"dbname": name}
    source = DatabaseSource("the scratch database", DatabaseUrl(parameters=parameters))
    return replace(task, settings=replace(task.settings, database=source, embedded=False))
