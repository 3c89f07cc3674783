"""One connection and one message to the server, within a deadline, by psycopg2's C module alone.

`import psycopg2` costs as much again as all that the gate does, for what it does not need. The
module runs asynchronously: a server, or a pooler, that does not answer keeps neither the deadline
nor a signal waiting.
"""

import _datetime
import os
import select
import sys
import time

from headstart.gate.doubt import Doubt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from headstart.gate.place import Place

SECONDS = 2.0
"""Within which the gate has its answer, or none."""
_PACKAGE, _MODULE = "psycopg2", "psycopg2._psycopg"
_OK, _READ = 0, 1
"""psycopg2's POLL_OK and POLL_READ."""


class Answered:
    """What the server said: the one row, and where it was."""

    def __init__(self, raw: "Any", row: "Sequence[Any]") -> None:
        info = raw.info
        self.row = row
        self.host, self.port = info.host or "", str(info.port or "")
        self.name, self.user = info.dbname or "", info.user or ""
        self.tls = bool(info.ssl_in_use)
        self.version = (raw.get_parameter_status("server_version") or "").partition(" ")[0]


def ask(place: "Place", name: str, sql: str) -> Answered:
    """Connect, ask, and close. Raises Doubt for whatever is in the way.

    In a process of our own: the password is in its environment for a moment.
    """
    if _PACKAGE in sys.modules:
        driver = sys.modules[_MODULE]
        return _asked(driver, lambda: _opened(driver, place, name), sql)
    added = _stand_in()
    try:
        __import__(_MODULE)
        driver = sys.modules[_MODULE]
        return _asked(driver, lambda: _opened(driver, place, name), sql)
    except ImportError as error:
        raise Doubt(_MODULE) from error
    finally:  # whatever imports psycopg2 later finds nothing of this
        for each in (*added, _MODULE, f"{_PACKAGE}.errors"):
            sys.modules.pop(each, None)


def ask_beside(place: "Place", name: str, sql: str) -> Answered:
    """The same in an app's process, whose environment is left alone, and which has psycopg2."""
    import psycopg2._psycopg as driver

    password = {} if place.password is None else {"password": place.password}
    text = place.text(application_name=name, client_encoding="utf8", **password)
    connect: Any = driver._connect
    return _asked(driver, lambda: connect(text, None, True), sql)


def _asked(driver: "Any", opened: "Callable[[], Any]", sql: str) -> Answered:
    until = time.monotonic() + SECONDS
    try:
        raw = opened()
        try:
            _poll(raw, until)
            cursor = raw.cursor()
            cursor.execute(sql)
            _poll(raw, until)
            rows = cursor.fetchall()
            if len(rows) != 1:
                raise Doubt("rows")
            return Answered(raw, rows[0])
        finally:
            raw.close()
    except (driver.Error, UnicodeDecodeError, OSError) as error:
        raise Doubt(str(error)) from error


def _stand_in() -> "list[str]":
    """Let psycopg2's C module be imported alone; gives the names that stand for something else.

    It imports ssl only to share OpenSSL 1.0 with it, and of datetime only what is in C.
    """
    folders = (os.path.join(path or ".", _PACKAGE) for path in sys.path)
    folder = next(filter(os.path.isdir, folders), None)
    if folder is None:
        raise Doubt(_PACKAGE)
    bare = type(sys)(_PACKAGE)
    bare.__path__ = [folder]
    stands_in = {_PACKAGE: bare, "ssl": None, "datetime": _datetime}
    added = [name for name in stands_in if name not in sys.modules]
    sys.modules.update({name: stands_in[name] for name in added})
    return added


def _opened(driver: "Any", place: "Place", name: str) -> "Any":
    """The connection as it begins; the password is in the environment for that moment only."""
    text = place.text(application_name=name, client_encoding="utf8")
    if place.password is None:
        return driver._connect(text, None, True)
    before = os.environ.get("PGPASSWORD")
    os.environ["PGPASSWORD"] = place.password
    try:
        return driver._connect(text, None, True)
    finally:
        if before is None:
            del os.environ["PGPASSWORD"]
        else:
            os.environ["PGPASSWORD"] = before


def _poll(raw: "Any", until: float) -> None:
    while (state := raw.poll()) != _OK:
        waiting = select.poll()  # an app may have more files open than select() takes
        waiting.register(raw.fileno(), select.POLLIN if state == _READ else select.POLLOUT)
        left = until - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            raise Doubt("no answer in time")
