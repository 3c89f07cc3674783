"""What is in a scratch database before a replay, and what is put there for it."""

import psycopg2

from headstart.facts.state import OurTables, scope_named
from headstart.fingerprint.catalog.query import reading_of
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import inspect_database
from headstart.process.files import read_text
from headstart.verbs.fingerprint.scratch import Scratch
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings
from headstart.verdict.sqlstates import ALREADY_THERE_SQLSTATES

REPLAY_SQL_SECONDS = 600.0
SEARCH_PATH = "pg_catalog.current_setting('search_path')"
"""SQL for a connection of ours, and for env.py's."""
_RELATIONS = ("table\t", "view\t", "matview\t")


def look(task: Task) -> tuple[tuple[str, ...], frozenset[str]]:
    """The version rows and the schema, as far as they can be found without env.py."""
    scope = scope_named(task.settings.version_table)
    with task.connect(Purpose.READ) as connection:
        rows = inspect_database(connection, scope, OurTables).version_rows
        return rows, Catalog(connection).read(reading_of(scope)).lines


def plain_session(task: Task) -> tuple[str, str, str]:
    """The schema, role and search_path of a connection that nobody has prepared."""
    with task.connect(Purpose.READ) as connection:
        sql = f"SELECT coalesce(pg_catalog.current_schema(), ''), current_user, {SEARCH_PATH}"
        schema, role, path = connection.execute(sql, pin=False)[0]
    return str(schema), str(role), str(path)


def has_relations(lines: frozenset[str]) -> bool:
    """Whether there is a table or a view among the facts."""
    return any(line.startswith(_RELATIONS) for line in lines)


def prepared(scratch: Scratch) -> bool:
    """Execute HEADSTART_REPLAY_SQL where the database is empty; gives whether it is."""
    task = scratch.task
    rows, lines = look(task)
    if rows or has_relations(lines):
        if not scratch.may_resume:
            raise scratch.unusable()
        return False
    if (file := task.settings.replay_sql) is not None:
        with task.connect(Purpose.WORK) as connection:
            _execute(connection, file, _sql_of(file))
    return True


def _execute(connection: Connection, file: str, sql: str) -> None:
    try:
        connection.execute(sql, timeout_seconds=REPLAY_SQL_SECONDS, pin=False)  # the user's own
    except (psycopg2.Error, TimeoutError) as error:
        told = " ".join(str(error).split())
        cure = None
        if isinstance(error, psycopg2.Error) and error.pgcode in ALREADY_THERE_SQLSTATES:
            cure = _ALREADY_THERE
        raise InvalidSettings(f"HEADSTART_REPLAY_SQL={file}: {told}", next_step=cure) from None


_ALREADY_THERE = (
    "roles and databases belong to the whole server, which keeps them after a replay: drop them"
    " there, write the SQL so that it can be executed again, or leave --url out (the embedded"
    " server is made anew)"
)


def _sql_of(file: str) -> str:
    try:
        return read_text(file)
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"HEADSTART_REPLAY_SQL={file}: {error}") from None
