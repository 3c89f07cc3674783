"""A proxy between a client and Postgres that counts the client's messages by their type."""

import socket
import threading
from collections import Counter
from types import TracebackType
from typing import Self

_LENGTH_BYTES = 4


class CountingProxy:
    """Listens on a port of its own, for one connection, which must not be encrypted.

    `sent` counts what follows the start-up packet: p (the password), Q, P, B, E, S, X.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self.sent: Counter[str] = Counter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._server = server
        self._threads = [threading.Thread(target=self._forward, daemon=True)]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads[0].join(timeout=5)
        self._listener.close()

    def _forward(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(self._server) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            server.sendall(_packet(client, b""))
            while kind := client.recv(1):
                self.sent[kind.decode()] += 1
                server.sendall(_packet(client, kind))
            server.shutdown(socket.SHUT_WR)
            back.join(timeout=5)


def _packet(client: socket.socket, kind: bytes) -> bytes:
    """A whole packet, its type byte included; its length counts itself."""
    length = client.recv(_LENGTH_BYTES, socket.MSG_WAITALL)
    rest = int.from_bytes(length, "big") - _LENGTH_BYTES
    return kind + length + (client.recv(rest, socket.MSG_WAITALL) if rest else b"")


def _pump(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)
