"""Hear of each connection that a driver makes while a revision runs, and of each child process.

A script, or a module of the app's that it calls, may connect by the driver itself and commit there,
or have psql do so: such a revision must not be tried again in place. Each driver makes its
connections in one function, which it looks up anew each time, so that those who have imported its
connect() are heard, too. Of processes the interpreter tells by its audit events, but for those that
multiprocessing starts by itself.
"""

import _posixsubprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any

_MAKE = {
    "psycopg2": ("psycopg2", "_connect"),
    "psycopg": ("psycopg.generators", "connect"),
    "asyncpg": ("asyncpg.connect_utils", "_connect"),
}
"""Each driver with the module and the name of the function in which it connects."""
_STARTS_PROCESS = frozenset(
    {"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"}
)
"""Python's documentation, audit events table."""
_OURS = "async_"
"""What only our own connections by psycopg2 have: others wait in the driver."""


@contextmanager
def hearing_connections(heard: Callable[[], None]) -> Iterator[None]:
    """In the block, call `heard` for each connection that is made, but for headstart's own.

    And for each child process, which may make one.
    """
    _audit()
    with ExitStack() as patched:
        _listeners.append(heard)
        patched.callback(_listeners.remove, heard)
        patched.enter_context(_hearing(_posixsubprocess, "fork_exec", heard))
        for module, name in _MAKE.values():
            if module in sys.modules and hasattr(sys.modules[module], name):
                patched.enter_context(_hearing(sys.modules[module], name, heard))
        yield


def drivers_imported() -> frozenset[str]:
    """The drivers that are imported by now: one that comes later is not heard."""
    return frozenset(driver for driver in _MAKE if driver in sys.modules)


_listeners: list[Callable[[], None]] = []


@lru_cache(maxsize=1)
def _audit() -> None:
    """Listen from here on; an audit hook cannot be taken away."""
    sys.addaudithook(_hear_event)


def _hear_event(event: str, _: object) -> None:
    if event in _STARTS_PROCESS:
        for heard in _listeners:
            heard()


@contextmanager
def _hearing(module: Any, name: str, heard: Callable[[], None]) -> Iterator[None]:
    connect = getattr(module, name)

    def hear(*arguments: Any, **options: Any) -> Any:
        if _OURS not in options:
            heard()
        return connect(*arguments, **options)

    setattr(module, name, hear)
    try:
        yield
    finally:
        setattr(module, name, connect)
