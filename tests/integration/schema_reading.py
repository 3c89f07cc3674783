"""Read a schema on a connection of one's own, as headstart reads it; count what that sends."""

import socket
import struct
from collections import Counter
from contextlib import suppress

from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.query import Reading
from headstart.postgres.catalog import Catalogue
from headstart.postgres.connection import connect
from tests.integration.one_server_pool import OneServerPool

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


class MessageCounter(OneServerPool):
    """A proxy that counts what its clients send, by the message's type.

    Source of the format: https://www.postgresql.org/docs/current/protocol-message-formats.html
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.sent: Counter[str] = Counter()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):  # the client has left
            self._count(client, server)
        server.shutdown(socket.SHUT_WR)

    def _count(self, client: socket.socket, server: socket.socket) -> None:
        first = _exactly(client, 4)  # the start-up message has no type
        server.sendall(first + _exactly(client, struct.unpack("!I", first)[0] - 4))
        while True:
            head = _exactly(client, 5)
            server.sendall(head + _exactly(client, struct.unpack("!I", head[1:])[0] - 4))
            self.sent[head[:1].decode()] += 1


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            raise ConnectionError
        found += more
    return found
