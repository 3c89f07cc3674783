"""An address at which every attempt to connect is seen, and none is answered."""

import socket
from types import TracebackType
from typing import Self


class SilentListener:
    """A TCP port on the loopback interface; the kernel completes connections to it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._socket.setblocking(False)

    @property
    def url(self) -> str:
        """A database URL that leads here."""
        return f"postgresql://app@127.0.0.1:{self._socket.getsockname()[1]}/app"

    def attempts(self) -> int:
        """Count the attempts since the last call."""
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
