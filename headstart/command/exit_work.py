"""What an app does when its process ends, done before the verdict, which is the last word.

Python waits for threads, calls exit handlers and writes what is buffered after main() has returned:
all of that may print, and may never end. So it is done here, as events and within a time limit, and
the process then ends by os._exit.
"""

import atexit
import gc
import io
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from headstart.process.machine import end_process, start_thread
from headstart.revisions.output import captured_output
from headstart.verdict.errors import ServerFailed
from headstart.verdict.events.event import Emit
from headstart.verdict.events.execution import ExitWorkAbandoned

EXIT_SECONDS = 5.0
"""What threads and exit handlers of an app may take in all."""
SIGNALLED_SECONDS = 2.0
"""The same after a signal: `docker stop` kills after 10 s, of which the run may have used 6."""
_BUFFERED = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


def conclude_after_exit_work(emit: Emit, conclude: Callable[[], int], seconds: float) -> int:
    """Do the exit work, then conclude; gives the exit code.

    Where the work does not end in time, another thread concludes, and ends the process.
    """
    concluding = threading.Lock()  # whoever has it speaks; it is never given back

    def give_up() -> None:
        if concluding.acquire(blocking=False):
            code = 1
            try:
                emit(ExitWorkAbandoned(seconds, tuple(each.name for each in _others())))
                code = conclude()
            finally:
                end_process(code)

    limit = threading.Timer(seconds, give_up)
    limit.daemon = True
    try:
        start_thread(limit)
    except ServerFailed:  # without a limit it might never end
        return conclude()
    with captured_output(emit):  # to the very end: threads that are daemons still print
        with suppress(BaseException):
            _do_exit_work(time.monotonic() + seconds / 2)
        concluding.acquire()
        return conclude()


def _do_exit_work(until: float) -> None:
    """In the interpreter's own order; threads that never end must not keep handlers from it."""
    for call in reversed(getattr(threading, "_threading_atexits", ())):  # of concurrent.futures
        with suppress(Exception):
            call()
    for thread in _others():
        thread.join(max(0.0, until - time.monotonic()))
    with suppress(Exception):
        atexit._run_exitfuncs()  # noqa: SLF001 the only way to have them all run, and no more
    # what is frozen is not among the objects (gc_tuning.py): libraries, which write no files
    buffered = frozenset(_classes(_BUFFERED))
    for each in [each for each in gc.get_objects() if type(each) in buffered]:
        with suppress(Exception):
            each.flush()


def _classes(some: Iterable[type]) -> Iterator[type]:
    """The classes and all that derive from them: cheaper to ask than issubclass, of 100,000s."""
    for each in some:
        yield each
        yield from _classes(each.__subclasses__())


def _others() -> list[threading.Thread]:
    """The threads that the interpreter would wait for."""
    mine = (threading.main_thread(), threading.current_thread())
    return [each for each in threading.enumerate() if not each.daemon and each not in mine]
