"""The networks that tests put between: faulty only where they are told to be."""

import socket
import struct

import pytest

from tests.harness.proxy import FaultyNetwork

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, 0 s; close() then sends RST."""


@pytest.mark.parametrize("end", ["client", "server"])
def test_an_end_that_is_reset_is_told_to_the_other(end: str) -> None:
    """As when a process is killed with data unread; else the other would wait for ever."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        FaultyNetwork(listener.getsockname()[1]) as network,
    ):
        address = network.through("postgresql://a@h/d").rpartition("@")[2].partition("/")[0]
        host, _, port = address.partition(":")
        client = socket.create_connection((host, int(port)))
        server, _ = listener.accept()
        client.sendall(b"x")
        assert server.recv(1) == b"x"
        gone, other = (client, server) if end == "client" else (server, client)
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        gone.close()
        with other:
            other.settimeout(10)
            assert other.recv(1) == b""


def test_a_server_that_is_not_there_ends_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with FaultyNetwork(port) as network:
        address = network.through("postgresql://a@h/d").rpartition("@")[2].partition("/")[0]
        host, _, its_port = address.partition(":")
        for _ in range(2):
            with socket.create_connection((host, int(its_port))) as client:
                client.settimeout(10)
                assert client.recv(1) == b""
