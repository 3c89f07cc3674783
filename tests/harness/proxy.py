"""What stands between headstart and a server: silence, a network with faults, a narrow pool.

All on the loopback interface; none of them knows what goes through it.
"""

import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, 0 s; close() then sends RST."""


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

    def __exit__(self, *_: object) -> None:
        self._socket.close()


class Refuser:
    """A server, or a proxy before one, that answers every login with one error."""

    def __init__(self, sqlstate: str, words: bytes) -> None:
        fields = b"".join([b"SFATAL\0VFATAL\0C", sqlstate.encode(), b"\0M", words, b"\0\0"])
        self._answer = b"E" + struct.pack("!I", 4 + len(fields)) + fields
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)

    @property
    def url(self) -> str:
        """A database URL that leads here."""
        return f"postgresql://app:pw@127.0.0.1:{self._listener.getsockname()[1]}/app"

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self._listener.accept()
                with client, suppress(ConnectionError):
                    self._refuse(client)

    def _refuse(self, client: socket.socket) -> None:
        while True:
            size, code = struct.unpack("!II", _exactly(client, 8))
            _exactly(client, size - 8)
            if code >> 16 == 3:  # the start-up message; else it asks for encryption
                client.sendall(self._answer)
                return
            client.sendall(b"N")

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


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

    def redirect(self, port: int) -> None:
        """Lead what connects from now on to another server, as a name does after a failover."""
        self._target = ("127.0.0.1", port)

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
                try:
                    server = socket.create_connection(self._target)
                except OSError:  # nobody is there just now: as a proxy tells it
                    client.close()
                    continue
                self._ends += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._wait_while_silent()
                sink.sendall(data)
        # an end that was reset, as one that is killed with data unread, is gone as well
        self._wait_while_silent()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _wait_while_silent(self) -> None:
        while self.silent.is_set() and not self._over.is_set():
            time.sleep(0.02)

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()


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

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


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
            rest = _exactly(client, struct.unpack("!I", head[1:])[0] - 4)
            # before the server has it: whoever has its answer finds the message counted
            self.sent[head[:1].decode()] += 1
            server.sendall(head + rest)


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            raise ConnectionError
        found += more
    return found


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Copy until the source ends, then tell the sink."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
