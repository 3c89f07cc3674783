"""Keep scripts from leaving the process by a door that leads past the verdict.

os._exit() ends it at once, and os.exec*() put another program in its place, whose exit code the
run would get: 0 without a verdict. What calls the C library's own functions is not seen here.
"""

import os
import posix
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from headstart.verdict.errors import HeadstartError, RevisionFailed

_DOORS = ("_exit", "execv", "execve")
"""What all others of their kind call: os.execlp() is execv(), with the path looked up."""
GiveUp = Callable[[HeadstartError], None]
"""Ends the run from another thread than the main one."""


@contextmanager
def guarded_exits(give_up: GiveUp) -> Iterator[None]:
    """Make of each such call in this process a SystemExit; in another thread it ends the run.

    A forked child leaves as it says.
    """
    before = {(module, name): getattr(module, name) for module in (os, posix) for name in _DOORS}
    process = os.getpid()
    for (module, name), leave in before.items():
        setattr(module, name, _guarded(f"os.{name}", leave, process, give_up))
    try:
        yield
    finally:
        for (module, name), leave in before.items():
            setattr(module, name, leave)


def _guarded(
    name: str, leave: Callable[..., NoReturn], process: int, give_up: GiveUp
) -> Callable[..., NoReturn]:
    def leave_or_raise(first: Any, *others: Any, **named: Any) -> NoReturn:
        if os.getpid() != process:
            leave(first, *others, **named)
        # the path of a program, not its arguments, which may hold a secret
        call, thread = f"{name}({first!r})", threading.current_thread()
        if thread is not threading.main_thread():
            give_up(
                RevisionFailed(
                    f"a script called {call} in the thread {thread.name}, which would have ended"
                    " the run without a verdict",
                    next_step="let the script return, or raise, where it ends the process (a"
                    " library that it starts may do that, too), then run again",
                )
            )
        raise SystemExit(call)

    return leave_or_raise
