"""The one way in which alembic.ini, SQL files and secrets are read."""

import errno
import os
import select
import stat
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

STREAM_SECONDS = 10.0
"""How long a pipe may take in all: `<(vault read ...)`, say."""
_LONGEST_STREAM = 64 * 1024 * 1024
"""Bytes: /dev/zero never ends."""


def read_text(path: str) -> str:
    """Read a text file in UTF-8.

    A pipe, which can be read but once, is remembered, and waited for no longer than STREAM_SECONDS.
    Raises OSError, in which the path is absolute and a lack of permission names the user.
    """
    file = Path(path).absolute()
    try:
        status = _status_of_stream(file)
        if status is not None:
            return _stream_text(str(file), status.st_dev, status.st_ino)
        return file.read_text(encoding="utf-8")
    except PermissionError as error:
        reason = f"{error.strerror} for user {os.geteuid()}"
        raise PermissionError(error.errno, reason, error.filename) from None


def _status_of_stream(file: Path) -> os.stat_result | None:
    try:
        status = file.stat()
    except (OSError, ValueError):  # to read it tells better
        return None
    is_stream = stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)
    return status if is_stream else None


@lru_cache
def _stream_text(path: str, _device: int, _inode: int) -> str:
    # opened without waiting: one that nobody writes to would never open
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        return b"".join(_chunks(descriptor, path)).decode("utf-8")
    finally:
        os.close(descriptor)


def _chunks(descriptor: int, path: str) -> Iterator[bytes]:
    until, size, poll = time.monotonic() + STREAM_SECONDS, 0, select.poll()
    poll.register(descriptor, select.POLLIN)
    while size <= _LONGEST_STREAM:
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            reason = f"nobody has written all of it within {STREAM_SECONDS:.0f} s"
            raise OSError(errno.ETIMEDOUT, reason, path)
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return
        size += len(chunk)
        yield chunk
    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
