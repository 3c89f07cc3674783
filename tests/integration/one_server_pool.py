"""What a client sees of a pool with one server connection: the second one waits for the first."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class OneServerPool:
    """A proxy on the loopback interface that serves one connection at a time, the rest queue."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self._listener.accept()
                with client, socket.create_connection(self._target) as server:
                    answers = threading.Thread(target=_copy, args=(server, client), daemon=True)
                    answers.start()
                    self._forward(client, server)
                    answers.join()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        _copy(client, server)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Copy until the source ends, then tell the sink."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
