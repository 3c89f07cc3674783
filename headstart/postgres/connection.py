"""A Postgres connection on which every wait is ours: psycopg2 in asynchronous mode.

libpq's own connect_timeout does not cover a server that accepts and then says nothing, and a
blocking call lets no signal handler run. Here the socket is polled with our own time limit, and a
failure to connect comes with its SQLSTATE. This module never retries and never logs.
"""

import ctypes
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self, cast

import psycopg2
import psycopg2.extensions

from headstart.facts.sql import pinned
from headstart.postgres.addresses import each_address_first
from headstart.postgres.connect_failure import (
    INVALID_AUTHORIZATION,
    ConnectFailure,
    answers_in,
    classify,
    tls_required,
)
from headstart.postgres.guards import CLIENT_SIDE
from headstart.postgres.reader import Rows
from headstart.postgres.system_certificates import with_missing_certificates

Resolve = Callable[[], Mapping[str, str]]
"""Gives libpq's parameters, anew at every attempt: a mounted secret may have been rotated."""


CONNECT_SECONDS = 5.0
"""The time limit of one attempt to connect."""
READ_SECONDS = 30.0
"""The time limit of a read that may be a long one."""

_CANCEL_TEXT_BYTES = 256
"""What libpq's documentation recommends for the text of PQcancel."""

_ERRORS_DEFAULT, _ERRORS_VERBOSE = 1, 2
"""PGVerbosity of libpq-fe.h."""


Place = Mapping[str, str]
"""Where a connection leads: host, port, name, user; empty before libpq knows."""


class ConnectFailed(Exception):
    """One attempt to connect failed; `failure` says why and whether waiting may help.

    `silent` when nothing answered within the attempt's time.
    """

    def __init__(self, failure: ConnectFailure, place: Place, *, silent: bool = False) -> None:
        super().__init__(failure.text)
        self.failure = failure
        self.place = place
        self.silent = silent


class _AttemptFailed(Exception):
    """libpq gave up, with its message, or gave no answer in time."""

    def __init__(self, message: str | None, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class Connection:
    """An open connection; statements run one at a time, each with its own time limit."""

    def __init__(self, raw: psycopg2.extensions.connection) -> None:
        self._raw = raw

    @property
    def server_version(self) -> int:
        """libpq's number: 160014 is 16.14."""
        return int(self._raw.server_version)

    @property
    def place(self) -> Place:
        """Where this connection leads."""
        return _place(self._raw)

    @property
    def tls(self) -> bool:
        """Whether what it sends and gets is encrypted."""
        return bool(self._raw.info.ssl_in_use)

    @property
    def login(self) -> Mapping[str, str]:
        """What libpq connected with in the end, by its own names; the password if it used one."""
        info, names = self._raw.info, ("host", "port", "dbname", "user", "password")
        return {name: str(value) for name in names if (value := getattr(info, name))}

    def execute(
        self, sql: str, *, timeout_seconds: float = CONNECT_SECONDS, pin: bool = True
    ) -> Rows:
        """Run SQL, several statements too, in one round trip; rows are the last statement's.

        With the search_path pinned, unless it has to be asked for what that is, or cannot be in one
        message with something else (`pin`). Raises psycopg2.Error, and TimeoutError when no answer
        came in time: then the connection is in an unknown state and must be closed.
        """
        cursor = self._raw.cursor()
        cursor.execute(pinned(sql) if pin else sql)
        _poll(self._raw, time.monotonic() + timeout_seconds)
        return cursor.fetchall() if cursor.description else []

    def tell_sqlstates(self) -> None:
        """Have what the server says as it ends the connection told with its SQLSTATE.

        In its own language that is a text of libpq's, and an error without a pgcode.
        """
        _set_error_verbosity()(self._raw.pgconn_ptr, _ERRORS_VERBOSE)

    def break_off(self) -> None:
        """End it from another thread, so that what waits for an answer there fails at once.

        Raises nothing: one that is lost psycopg2 has closed already, and has no socket any more.
        """
        with suppress(psycopg2.Error, OSError, AttributeError, ValueError):
            break_off(self._raw)

    def close(self) -> None:
        """Close the socket; what was open in a transaction is rolled back by the server."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(
    parameters: Mapping[str, str], application_name: str, timeout_seconds: float = CONNECT_SECONDS
) -> Connection:
    """Connect once. Raises ConnectFailed, which carries the SQLSTATE if the server gave one.

    `timeout_seconds` is the limit of each address.
    """
    message: str | None = None
    place: Place = {}
    for wanted in each_address_first(_named(parameters, application_name)):
        deadline = time.monotonic() + timeout_seconds
        try:
            return Connection(_attempt(wanted, deadline))
        except _AttemptFailed as failed:
            message, place = failed.message, failed.place
        if message is not None:  # libpq itself went through all hosts
            failure = _refine(classify(message), wanted, time.monotonic() + timeout_seconds)
            raise ConnectFailed(failure, place)
    text = f"no answer within {timeout_seconds:g} s"
    raise ConnectFailed(ConnectFailure(text, permanent=False), place, silent=True)


def _named(parameters: Mapping[str, str], application_name: str) -> Mapping[str, str]:
    """The parameters of a connection of ours."""
    # what a role or a database has set may not hold every name; libpq and psycopg2 take utf8
    ours = {"application_name": application_name, "client_encoding": "utf8"}
    return {**CLIENT_SIDE, **parameters, **ours}


def _attempt(parameters: Mapping[str, str], deadline: float) -> psycopg2.extensions.connection:
    options: dict[str, Any] = dict(parameters)
    try:
        raw: psycopg2.extensions.connection = psycopg2.connect("", async_=True, **options)
    except psycopg2.Error as error:
        raise _AttemptFailed(str(error), {}) from None
    set_verbosity = _set_error_verbosity()
    set_verbosity(raw.pgconn_ptr, _ERRORS_VERBOSE)
    try:
        _poll(raw, deadline)
    except (psycopg2.Error, TimeoutError, UnicodeDecodeError) as error:
        failed = _AttemptFailed(_message_of(error), _place(raw))
        raw.close()
        raise failed from None
    except BaseException:
        raw.close()
        raise
    set_verbosity(raw.pgconn_ptr, _ERRORS_DEFAULT)
    return raw


def _message_of(error: Exception) -> str | None:
    """What libpq says; None for silence. A server that has no encoding yet may use any."""
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode(errors="replace")
    return None if isinstance(error, TimeoutError) else str(error)


def _place(raw: psycopg2.extensions.connection) -> Place:
    info = raw.info
    return {
        "host": info.host or "",
        "port": str(info.port or ""),
        "name": info.dbname or "",
        "user": info.user or "",
    }


def canceller(raw: Any) -> Callable[[], None]:
    """What cancels the statement that runs on a connection of psycopg2's; raises nothing.

    Not psycopg2's own cancel(): that keeps the interpreter's lock while it waits for the server,
    and a server that does not answer would stop every thread. ctypes gives the lock away.
    """
    libpq = ctypes.CDLL(psycopg2._psycopg.__file__)
    libpq.PQgetCancel.argtypes, libpq.PQgetCancel.restype = [ctypes.c_void_p], ctypes.c_void_p
    libpq.PQcancel.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    # made now and never freed: later another thread may be closing the connection
    handle = libpq.PQgetCancel(raw.pgconn_ptr)

    def cancel() -> None:
        answer = ctypes.create_string_buffer(_CANCEL_TEXT_BYTES)
        libpq.PQcancel(handle, answer, _CANCEL_TEXT_BYTES)

    return cancel


def break_off(raw: Any) -> None:
    """End the connection below its driver, so that a call in another thread returns with an error.

    The driver may be any, so this may raise anything if there is no socket any more.
    """
    transport = getattr(raw, "_transport", None)  # asyncpg's own connection has no fileno()
    end = raw if transport is None else transport.get_extra_info("socket")
    with socket.socket(fileno=os.dup(end.fileno())) as shared:
        shared.shutdown(socket.SHUT_RDWR)


def _set_error_verbosity() -> Callable[[int | None, int], int]:
    # psycopg2 has no such method. Its extension module depends on libpq, so a look-up through the
    # module's own handle finds the libpq that is loaded already, wherever the wheel put it.
    function = ctypes.CDLL(psycopg2._psycopg.__file__).PQsetErrorVerbosity
    function.argtypes = [ctypes.c_void_p, ctypes.c_int]
    function.restype = ctypes.c_int
    return cast("Callable[[int | None, int], int]", function)


def _poll(raw: psycopg2.extensions.connection, deadline: float) -> None:
    late = False
    while (state := raw.poll()) != psycopg2.extensions.POLL_OK:
        reading = [raw.fileno()] if state == psycopg2.extensions.POLL_READ else []
        writing = [] if reading else [raw.fileno()]
        remaining = deadline - time.monotonic()
        # once more where the time is over: this process may have been stopped meanwhile
        ready = any(select.select(reading, writing, [], max(0.0, remaining)))
        if late or not ready:
            raise TimeoutError("no answer in time")
        late = remaining <= 0


def _refine(
    failure: ConnectFailure, parameters: Mapping[str, str], deadline: float
) -> ConnectFailure:
    """Find out more if what was said leaves the cause open."""
    if failure.sqlstate == INVALID_AUTHORIZATION and _accepted_over_tls(parameters, deadline):
        return tls_required(failure)
    return with_missing_certificates(failure, parameters)


def _accepted_over_tls(parameters: Mapping[str, str], deadline: float) -> bool:
    """Whether pg_hba.conf lets this role in over TLS; its password may be wrong all the same."""
    if parameters.get("sslmode") != "disable":
        return False
    try:
        _attempt(dict(parameters) | {"sslmode": "require"}, deadline).close()
    except _AttemptFailed as failed:
        states = [sqlstate for sqlstate, _ in answers_in(failed.message or "")]
        return bool(states) and INVALID_AUTHORIZATION not in states
    return True
