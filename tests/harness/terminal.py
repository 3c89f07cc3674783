"""A program whose log is on a terminal: a pty of any size, and what stands on its screen."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.harness.environment import PROGRAMS, clean_environ

ERASE = "\r\x1b[K"
_STYLE = re.compile(r"\x1b\[[\d;]*m")


class Terminal:
    """The terminal of one process; it is read all the time, unless `is_read` says no."""

    def __init__(self, columns: int, *, is_read: bool = True) -> None:
        self._leader, self.follower = pty.openpty()
        self.resize(columns)
        self._printed = bytearray()
        if is_read:
            threading.Thread(target=self._read, daemon=True).start()

    def resize(self, columns: int) -> None:
        """Make it so wide from now on."""
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, size)

    @property
    def printed(self) -> str:
        """All that was written, without colours and with bare newlines."""
        text = bytes(self._printed).decode(errors="replace")
        return _STYLE.sub("", text.replace("\r\n", "\n"))

    @property
    def drawn(self) -> list[str]:
        """What stood in the live line, each time that it was drawn."""
        parts = (part.partition("\n")[0] for part in self.printed.split(ERASE)[1:])
        return [part for part in parts if part.startswith(("[", "fleet "))]

    @property
    def screen(self) -> list[str]:
        """The lines as they stand there now."""
        return [line.rpartition(ERASE)[2] for line in self.printed.split("\n")]

    def close(self) -> None:
        """Take the terminal away."""
        os.close(self._leader)

    def _read(self) -> None:
        with suppress(OSError):  # the last one who had it open is gone
            while chunk := os.read(self._leader, 65536):
                self._printed += chunk


@contextmanager
def start_on_terminal(
    *argv: str, env: Mapping[str, str], terminal: Terminal, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start headstart with its log on a terminal; the block's end ends it."""
    process = subprocess.Popen(
        [PROGRAMS / "headstart", *argv],
        env=clean_environ(**{"TERM": "xterm", **env}),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal.follower,
    )
    os.close(terminal.follower)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        terminal.close()


def run_printing_on_terminal(*argv: str, env: Mapping[str, str], terminal: Terminal) -> str:
    """Run headstart with its stdout, and nothing else, on a terminal: its log."""
    done = subprocess.run(
        [PROGRAMS / "headstart", *argv],
        env=clean_environ(**env),
        stdin=subprocess.DEVNULL,
        stdout=terminal.follower,
        stderr=subprocess.PIPE,
        check=True,
    )
    return done.stderr.decode()
