"""Headstart with a log that nobody reads: both streams are a pipe, whose reader is there."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from tests.harness.environment import PROGRAMS, clean_environ

Unread = tuple[subprocess.Popen[bytes], int]
"""The process, and the reading end of its pipe."""


@contextmanager
def start_unread(*argv: str, env: Mapping[str, str], full: bool = False) -> Iterator[Unread]:
    """Start it; the block's end ends it. `full`: others have left no room in the pipe."""
    reading, writing = os.pipe()
    if full:
        os.set_blocking(writing, False)
        with suppress(BlockingIOError):
            while True:
                os.write(writing, b"\n" * 4096)
        os.set_blocking(writing, True)
    process = subprocess.Popen(
        [PROGRAMS / "headstart", *argv],
        env=clean_environ(**env),
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    try:
        yield process, reading
    finally:
        process.kill()
        process.wait()
        os.close(reading)
