"""Leave env.py with a refusal: whatever env.py makes of it, nothing is executed any more.

The refusal is raised inside env.py, where a bare `except:` may swallow it and go on. So the
connection that was to migrate is closed, which a driver's own commit() cannot outlive, and
SQLAlchemy, which would connect again, raises the refusal at each of its steps. An env.py that tries
again for ever is ended by another thread. What the verdict tells is the refusal, and no error that
its consequences look like. The price: an env.py that notes a failure in a table cannot.
"""

import logging
import threading
from contextlib import ExitStack, suppress
from typing import Any

from sqlalchemy import Connection, Engine, event

from headstart.process.machine import start_thread
from headstart.revisions.worker import Worker
from headstart.verdict.errors import HeadstartError, ServerFailed

PATIENCE_SECONDS = 10.0
"""How long env.py may go on after a refusal, to log it and to leave."""
_STEPS = ("begin", "commit", "do_connect", "before_cursor_execute")
_RESETS = "sqlalchemy.pool"
"""Logs that a connection could not be reset, when we have closed it."""


class LeftOnPurpose(BaseException):
    """Leaves env.py; no `except Exception` there can catch it."""


class Refusal:
    """The refusal of one pass over env.py, if there is one."""

    def __init__(self, attached: ExitStack, worker: Worker) -> None:
        self.error: HeadstartError | None = None
        self._attached, self._worker = attached, worker

    def refuse(self, error: HeadstartError, connection: Connection | None) -> None:
        """Let nothing be executed from here on; `connection` was to migrate."""
        if self.error is not None:
            return
        self.error = error
        self._worker.link.leave()
        for step in _STEPS:
            event.listen(Engine, step, self._again, named=True)
            self._attached.callback(event.remove, Engine, step, self._again)
        if connection is not None:
            _close(connection)
        watch = threading.Timer(PATIENCE_SECONDS, self._worker.give_up, (error,))
        watch.daemon = True
        with suppress(ServerFailed):  # without it only an env.py that never ends goes on
            start_thread(watch)
        self._attached.callback(watch.cancel)

    def is_told(self, record: logging.LogRecord) -> bool:
        """Whether a log record is worth telling: not what closing the connection leads to."""
        return self.error is None or not record.name.startswith(_RESETS)

    def _again(self, **_: Any) -> None:
        if self.error is not None:
            raise self.error


def _close(connection: Connection) -> None:
    """Close the driver's connection below SQLAlchemy; without a word to a server that may be mute.

    An async driver's own close() would have to be awaited.
    """
    with suppress(Exception):  # it may be closed already
        raw: Any = connection.connection.driver_connection
        if hasattr(raw, "terminate"):  # asyncpg
            raw.terminate()
        elif hasattr(raw, "pgconn_ptr"):  # psycopg2
            raw.close()
        else:
            raw.pgconn.finish()
