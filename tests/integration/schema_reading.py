"""Read a schema on a connection of one's own, as headstart reads it; count what that sends."""

import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

from headstart.catalogue import Catalogue
from headstart.connection import connect
from headstart.fingerprint.normal_form import Snapshot
from headstart.fingerprint.query import Reading

VERSION_TABLE = "alembic_version"


def read(
    parameters: dict[str, str], schema: str | None = None, names: frozenset[str] | None = None
) -> Snapshot:
    """Read a database, relative to a schema of it: these objects, or all."""
    with (
        connect(parameters, "headstart's tests") as connection,
        Catalogue(connection) as catalogue,
    ):
        return catalogue.read(Reading(schema, VERSION_TABLE, names=names))


def identifier(name: str) -> str:
    """A name in SQL; not the code under test."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


class MessageCounter:
    """A proxy on the loopback interface that counts what its clients send, by the message's type.

    Source of the format: https://www.postgresql.org/docs/current/protocol-message-formats.html
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]
        self.sent: Counter[str] = Counter()

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self._listener.accept()
                with client, socket.create_connection(self._target) as server:
                    answers = threading.Thread(target=_copy, args=(server, client), daemon=True)
                    answers.start()
                    with suppress(ConnectionError):
                        self._count(client, server)
                    server.shutdown(socket.SHUT_WR)
                    answers.join()

    def _count(self, client: socket.socket, server: socket.socket) -> None:
        first = _exactly(client, 4)  # the start-up message has no type
        server.sendall(first + _exactly(client, struct.unpack("!I", first)[0] - 4))
        while True:
            head = _exactly(client, 5)
            server.sendall(head + _exactly(client, struct.unpack("!I", head[1:])[0] - 4))
            self.sent[head[:1].decode()] += 1

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


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            raise ConnectionError
        found += more
    return found


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
