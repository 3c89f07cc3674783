"""The machine that this process runs on: how it is left, and what it may run out of.

A script may leave the process by a door that leads past the verdict, and is kept from it
(guarded_exits.py). Whoever ends the run on purpose takes the door from here.
"""

import errno
import os
import threading

from headstart.verdict.errors import ServerFailed

end_process = os._exit  # as it is before anybody puts another in its place

_EXHAUSTED = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC})
_WORDS = (
    "can't start new thread",  # a RuntimeError of Python's own, which drops the EAGAIN behind it
    "can't allocate lock",
    "failed to map segment from shared object",  # glibc's, of a library that does not fit
    "cannot allocate memory",
)


def is_exhausted(error: BaseException) -> bool:
    """Whether an error says that this machine has no more threads, memory, files or disk."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _EXHAUSTED):
        return True
    said = error.args[0] if error.args else None
    of_system = isinstance(error, RuntimeError | ImportError | OSError) and isinstance(said, str)
    return of_system and any(words in str(said).lower() for words in _WORDS)


def exhausted(error: BaseException) -> ServerFailed:
    """What ends the run in place of such an error: nobody's code is to blame."""
    return ServerFailed(
        "this machine gives the run no more threads, memory, files or disk:"
        f" {type(error).__name__}: {error}",
        next_step="raise what limits it (podPidsLimit, pids.max, ulimit, the container's memory),"
        " or wait until others here need less; then run again",
    )


def start_thread(thread: threading.Thread) -> None:
    """Start a thread. Raises ServerFailed where the machine gives none."""
    try:
        thread.start()
    except (RuntimeError, MemoryError) as error:
        raise exhausted(error) from error
