"""What happens beside a test, in a thread of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def in_the_background(work: Callable[[], None]) -> Iterator[None]:
    """Do this again and again for the length of the block; what it raises fails the test."""
    ended, raised = threading.Event(), list[BaseException]()

    def loop() -> None:
        try:
            while not ended.is_set():
                work()
        except BaseException as error:  # noqa: BLE001 it is raised below
            raised.append(error)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert raised == []
