"""What says that this machine has run out of something, and what does not."""

import errno
import threading

import pytest

from headstart.process.machine import exhausted, is_exhausted, start_thread
from headstart.verdict.errors import ServerFailed


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("can't start new thread"),
        RuntimeError("can't allocate lock"),
        MemoryError(),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError(errno.EMFILE, "Too many open files"),
        ImportError("libssl.so.3: failed to map segment from shared object"),
        ImportError("libpq.so.5: cannot allocate memory in static TLS block"),
    ],
    ids=str,
)
def test_the_machine_is_exhausted(error: BaseException) -> None:
    assert is_exhausted(error)
    assert exhausted(error).outcome.code == 13


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("threads can only be started once"),
        ImportError("No module named 'threads'"),
        ValueError("can't start new thread"),
        OSError(errno.ENOENT, "No such file or directory"),
        RuntimeError(),
        RuntimeError(7),
    ],
    ids=repr,
)
def test_it_is_not(error: BaseException) -> None:
    assert not is_exhausted(error)


def test_a_thread_that_cannot_be_started_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(ServerFailed, match="no more threads"):
        start_thread(threading.Thread())
