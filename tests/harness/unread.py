"""Headstart with a log that nobody reads: both streams are a pipe, whose reader is there."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.harness.environment import PROGRAMS, clean_environ

Unread = tuple[subprocess.Popen[bytes], int]
"""The process, and the reading end of its pipe."""


@contextmanager
def start_unread(*argv: str, env: Mapping[str, str]) -> Iterator[Unread]:
    """Start it; the block's end ends it."""
    reading, writing = os.pipe()
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
