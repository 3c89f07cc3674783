"""A network between headstart and a server that goes silent, or is cut, when a test says so."""

import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, 0 s; close() then sends RST."""


class FaultyNetwork:
    """Forwards a port on the loopback interface to a server's.

    While it is silent nothing is forwarded, not even that an end has closed its connection: as with
    a node that vanishes the server is told nothing, and the kernels go on acknowledging.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._ends: list[socket.socket] = []
        self._over = threading.Event()
        self.silent = threading.Event()

    def through(self, url: str) -> str:
        """The same database through this network."""
        parts = urlsplit(url)
        login, _, _ = parts.netloc.rpartition("@")
        address = f"{login}@127.0.0.1:{self._listener.getsockname()[1]}"
        return urlunsplit(parts._replace(netloc=address))

    def reset(self) -> None:
        """Cut every connection, as a router does: with RST, to both ends."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                # shutdown() wakes the thread that reads there; close() alone would wait for it
                end.shutdown(socket.SHUT_RD)
            end.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._ends += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._wait_while_silent()
                sink.sendall(data)
            self._wait_while_silent()
            sink.shutdown(socket.SHUT_WR)

    def _wait_while_silent(self) -> None:
        while self.silent.is_set() and not self._over.is_set():
            time.sleep(0.02)

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()
