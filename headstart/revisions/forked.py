"""A process that env.py or a revision has forked is not the run, wherever it comes out of them."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def only_the_parent_goes_on() -> Iterator[None]:
    """End a child that was forked in the block, where it leaves it: the run is its parent's.

    At once, since whatever it would do on its way out it would do to its parent's connections; with
    the exit code that the interpreter would give it.
    """
    parent = os.getpid()
    try:
        yield
    except SystemExit as error:
        if os.getpid() != parent:
            os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
        raise
    except BaseException as error:
        if os.getpid() != parent:
            traceback.print_exception(error)
            os._exit(1)
        raise
    if os.getpid() != parent:
        os._exit(0)
