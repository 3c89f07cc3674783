"""Start `python -m headstart` or `alembic` from an interpreter that has imported what they import.

Run by its path, as a program: `python warm_server.py SOCKET`. It forks a process for each request,
which becomes what the interpreter would be: same arguments, environment, folder, streams, exit.
The packages that headstart and env.py depend on are imported before, and its own modules, which
do nothing on import, and their patterns are compiled, as a fleet does: together they cost most of a
short run. Nothing has run: whatever a run does to them ends with its process. What a process
imports by itself, and when, is tested with processes started anew.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import alembic.runtime.environment
import alembic.script
import tenacity  # noqa: F401

import headstart
from headstart.command.warm import warm_up

_STREAMS = 3
_IMPORTED_LAST = {"headstart.process.trace_sending"}
"""After the work, and with packages of an extra, which most images do not have."""
_OF_ENV = (
    *("asyncpg", "logging.config", "psycopg", "psycopg2.extras", "sqlalchemy.ext.asyncio"),
    *(f"sqlalchemy.dialects.postgresql.{each}" for each in ("asyncpg", "psycopg", "psycopg2")),
)
"""What env.py files import."""


def main() -> None:
    """Serve until whoever started this is gone; in each child become the program."""
    request = _serve(sys.argv[1])
    if request is not None:
        _become(request)


def _import_all() -> None:
    for name in _OF_ENV:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(headstart.__path__, f"{headstart.__name__}."):
        if not module.name.endswith(".__main__") and module.name not in _IMPORTED_LAST:
            importlib.import_module(module.name)


def _serve(path: str) -> Mapping[str, Any] | None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _import_all()
    warm_up()
    gc.collect()
    gc.freeze()
    os.write(sys.stdout.fileno(), b"ready\n")
    asking: dict[int, socket.socket] = {}
    while True:
        ready = select.select([listener, woken, sys.stdin], [], [])[0]
        if sys.stdin in ready:  # nobody writes there: it is closed
            return None
        if woken in ready:
            os.read(woken, 4096)
            _report_ended(asking)
        if listener in ready:
            client = listener.accept()[0]
            request, streams = _receive(client)
            child = os.fork()
            if child == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                for one in (woken, wake, *streams):
                    os.close(one)
                for each in (listener, client, *asking.values()):
                    each.close()
                return request
            for stream in streams:
                os.close(stream)
            asking[child] = client
            client.sendall(f"{child}\n".encode())


def _report_ended(asking: dict[int, socket.socket]) -> None:
    while asking:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        client = asking.pop(child)
        with suppress(OSError):  # nobody waits for it any more
            client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        client.close()


def _receive(client: socket.socket) -> tuple[Mapping[str, Any], list[int]]:
    text, streams, *_ = socket.recv_fds(client, 65536, _STREAMS)
    while not text.endswith(b"\n"):
        text += client.recv(65536)
    return json.loads(text), list(streams)


def _become(request: Mapping[str, Any]) -> None:
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = request["argv"]
    script = Path(sys.argv[0])
    # what the interpreter makes of these for a script and for -m, and site of the last
    folder = [str(script.parent if script.is_absolute() else Path.cwd())]
    folder = [] if os.environ.get("PYTHONSAFEPATH") else folder
    more = os.environ.get("PYTHONPATH")
    sys.path[:1] = folder + ([more] if more else [])
    if more:
        sys.modules.pop("sitecustomize", None)
        importlib.import_module("sitecustomize")
    if script.is_absolute():
        alembic.config.main()
        return
    del sys.modules["__main__"].__dict__["__file__"]
    runpy.run_module("headstart", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
