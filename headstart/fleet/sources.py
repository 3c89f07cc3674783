"""Where the names of a fleet's targets come from: a file, stdin or a query; read anew each time."""

import os
import sys
from collections.abc import Mapping

from headstart.facts.visible import cut
from headstart.fleet.names import names_in_rows, names_in_text
from headstart.postgres.connect_failure import error_of
from headstart.postgres.connection import READ_SECONDS, ConnectFailed, Connection, connect
from headstart.postgres.identity import Purpose
from headstart.postgres.reader import DriverError, MisuseError, Rows
from headstart.process.files import read_text
from headstart.process.redaction import password_of
from headstart.process.retry import Retry, retried
from headstart.settings.database import DatabaseSource
from headstart.settings.database_url import InvalidUrl, parse_database_url
from headstart.settings.read import Values
from headstart.verbs.task import Task
from headstart.verdict.errors import ConnectionLost, InvalidSettings
from headstart.verdict.events.database import ConnectionFailed

_QUERY = "the query of HEADSTART_TARGETS_SQL"
_STDIN = "-"
_PASSING = frozenset({"08", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that tell of a moment and not of the query: a lost connection, a deadlock, no
room, somebody's lock, a time limit or a server that ends, the system (PostgreSQL's appendix A)."""


def read_names(task: Task, arguments: Values) -> tuple[str, ...]:
    """The names of all targets. Raises InvalidSettings, and what a database leads to."""
    settings = task.settings
    match settings.targets, settings.targets_sql:
        case None, None:
            raise InvalidSettings(
                "no source of targets: set HEADSTART_TARGETS or HEADSTART_TARGETS_SQL"
            )
        case str(path), None:
            return names_in_text(_text_of(path), "stdin" if path == _STDIN else cut(path))
        case None, str(query):
            return names_in_rows(_rows(task, query, arguments), _QUERY)
        case _:
            raise InvalidSettings(
                "HEADSTART_TARGETS and HEADSTART_TARGETS_SQL are both set: remove one"
            )


def _text_of(path: str) -> str:
    try:
        if path != _STDIN:
            return read_text(path)
        return sys.stdin.buffer.read().decode() if sys.stdin is not None else ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise InvalidSettings(f"HEADSTART_TARGETS: {cut(path)} cannot be read: {reason}") from None


def _rows(task: Task, query: str, arguments: Values) -> Rows:
    """The rows of the query, in a transaction that is read-only."""
    parameters = _parameters(task, arguments)
    with _connected(task, parameters) as connection:
        try:
            # no setting of the session, which a pooler would leave to others
            connection.execute("BEGIN READ ONLY", pin=False)
            # it has the search_path that its database gives it: whose it is wrote the query
            rows = connection.execute(query, timeout_seconds=READ_SECONDS, pin=False)
        except TimeoutError:
            raise ConnectionLost(
                f"{_QUERY} gave no answer in {READ_SECONDS:g} s",
                next_step="look at what keeps it (pg_stat_activity: somebody's lock?), then run"
                " again",
            ) from None
        except DriverError as error:
            if _may_pass(error):
                raise ConnectionLost(f"{_QUERY}: {' '.join(str(error).split())}") from None
            raise InvalidSettings(f"{_QUERY} failed: {' '.join(str(error).split())}") from None
    if not rows:
        raise InvalidSettings(f"{_QUERY} gives no rows: it names no target")
    return rows


def _may_pass(error: DriverError) -> bool:
    """Whether the same query may do better a moment later."""
    if error.pgcode is None:
        return not isinstance(error, MisuseError)
    return error.pgcode[:2] in _PASSING


def _parameters(task: Task, arguments: Values) -> Mapping[str, str]:
    url = task.settings.targets_url
    if url is None:
        return task.resolve()
    try:
        parsed = parse_database_url(url, "HEADSTART_TARGETS_URL")
    except InvalidUrl as error:
        raise InvalidSettings(str(error)) from None
    file = os.environ.get("PGPASSWORD_FILE")
    source = DatabaseSource("HEADSTART_TARGETS_URL", parsed, password_file=file)
    parameters = source.resolve(read_text).parameters
    for secret in password_of(parameters):
        task.secrets.add(secret)
    if [*password_of(parsed.parameters)] and "TARGETS_URL" in arguments:
        raise InvalidSettings(
            "--targets-url contains a password, which the process list shows: use"
            " HEADSTART_TARGETS_URL, or PGPASSWORD_FILE"
        )
    return parameters


def _connected(task: Task, parameters: Mapping[str, str]) -> Connection:
    """A connection, waited for as the database of a run is; a standby is good enough."""
    attempts = 0

    def attempt() -> Connection:
        nonlocal attempts
        attempts += 1
        return connect(parameters, task.identity.name(Purpose.READ))

    def failed(retry: Retry) -> None:
        pause = round(retry.retry_in_seconds, 3)
        task.emit(ConnectionFailed(retry.attempt, str(retry.error), pause))

    def may_pass(error: BaseException) -> bool:
        return isinstance(error, ConnectFailed) and not error.failure.permanent

    deadline = task.within(task.settings.wait_seconds)
    try:
        return retried(attempt, deadline, may_pass, failed)
    except ConnectFailed as error:
        raise error_of(error.failure, attempts) from None
