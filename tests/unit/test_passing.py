"""What of the network, its disks and other services may pass; what is a script's own."""

import errno
import shutil
from concurrent.futures import Future
from subprocess import CalledProcessError
from types import SimpleNamespace

import pytest

from headstart.revisions.passing import may_pass


class RpcError(Exception):
    """As gRPC's: its code is a method."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._name = name

    def code(self) -> SimpleNamespace:
        return SimpleNamespace(name=self._name)


class RetryError(Exception):
    """As tenacity's: what was raised last is in a future, and nowhere else."""

    def __init__(self, raised: BaseException) -> None:
        super().__init__("gave up")
        self.last_attempt: Future[None] = Future()
        self.last_attempt.set_exception(raised)


NUMBERS = (
    *(errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ENOBUFS, errno.ENOTCONN, errno.ESHUTDOWN),
    *(errno.ESTALE, errno.EBUSY, errno.EPROTO, errno.ETXTBSY, errno.EREMOTEIO, errno.ENETRESET),
)


@pytest.mark.parametrize(
    "error",
    [
        *(OSError(number, "x") for number in NUMBERS),
        *(RpcError(name) for name in ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")),
        shutil.Error([("a", "b", "[Errno 28] No space left on device")]),
        shutil.Error([("a", "b", "[Errno 13] Permission denied"), ("c", "d", "[Errno 116] x")]),
        CalledProcessError(-9, "x"),
        CalledProcessError(137, "x"),
        RetryError(ConnectionRefusedError(errno.ECONNREFUSED, "x")),
        RetryError(RpcError("UNAVAILABLE")),
        RuntimeError("can't start new thread"),
    ],
    ids=repr,
)
def test_it_may_pass(error: BaseException) -> None:
    assert may_pass(error)
    wrapped = ValueError("x")
    wrapped.__context__ = error
    assert may_pass(wrapped)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOENT, "x"),
        OSError(errno.EACCES, "x"),
        RpcError("INVALID_ARGUMENT"),
        shutil.Error([("a", "b", "[Errno 13] Permission denied")]),
        CalledProcessError(1, "x"),
        CalledProcessError(-11, "x"),
        RetryError(ValueError("x")),
        ValueError("x"),
    ],
    ids=repr,
)
def test_it_does_not(error: BaseException) -> None:
    assert not may_pass(error)
