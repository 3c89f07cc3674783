"""A name with several addresses: each has a turn of its own, and the name stays what it is."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headstart.postgres.addresses import each_address_first
from tests.harness.embedded import PASSWORD, PostgresServer
from tests.harness.result import Result
from tests.harness.slow import run

NAME = "db.example"
MUTE, MUTE_TOO, SERVER, NOBODY = "127.0.0.2", "127.0.0.4", "127.0.0.1", "127.0.0.3"
RESOLVER = """
import socket
known, real = {known!r}, socket.getaddrinfo
def getaddrinfo(host, port, *more, **options):
    name = host.decode() if isinstance(host, bytes) else host
    each = [real(address, port, *more, **options) for address in known.get(name, [name])]
    return [found for addresses in each for found in addresses]
socket.getaddrinfo = getaddrinfo
"""
"""What Python runs at its start where it stands in PYTHONPATH; libpq resolves by itself."""


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server on one address of the loopback interface; others accept and are mute."""
    with (
        PostgresServer(18) as server,
        socket.create_server((MUTE, server.port), backlog=64),
        socket.create_server((MUTE_TOO, server.port), backlog=64),
    ):
        yield server


@pytest.fixture
def passfile(tmp_path: Path) -> str:
    """A passfile that knows the password by the name, not by an address."""
    path = tmp_path / "pgpass"
    path.write_text(f"{NAME}:*:*:*:{PASSWORD.replace(':', chr(92) + ':')}\n")
    path.chmod(0o600)
    return str(path)


def check(server: PostgresServer, tmp_path: Path, url: str, known: str, **environ: str) -> Result:
    """Run check where a name has these addresses."""
    (tmp_path / "sitecustomize.py").write_text(RESOLVER.format(known={NAME: known.split()}))
    return run(
        url.replace("PORT", str(server.port)),
        "check",
        PYTHONPATH=str(tmp_path),
        HEADSTART_WAIT_SECONDS="3",
        **environ,
    )


@pytest.mark.parametrize(
    ("place", "known"),
    [
        pytest.param(f"{NAME}:PORT", f"{MUTE} {SERVER}", id="the first is mute"),
        pytest.param(f"{NOBODY}:PORT,{NAME}:PORT", f"{MUTE} {SERVER}", id="after another host"),
        pytest.param(f"{MUTE}:PORT,{NAME}:PORT", f"{NOBODY} {SERVER}", id="after a mute host"),
    ],
)
def test_each_address_has_its_turn_and_the_passfile_goes_by_the_name(
    own_server: PostgresServer, tmp_path: Path, passfile: str, place: str, known: str
) -> None:
    url = f"postgresql://postgres@{place}/postgres"
    started = time.monotonic()
    end = check(own_server, tmp_path, url, known, PGPASSFILE=passfile)
    assert (end.exit_code, end.outcome) == (14, "not_ready"), end.verdict
    assert end.verdict["database"]["host"] == NAME
    assert end.verdict["wait_attempts"] == 1
    assert time.monotonic() - started < 15


def test_so_it_has_where_the_environment_names_the_place(
    own_server: PostgresServer, tmp_path: Path, passfile: str
) -> None:
    place = {"PGHOST": NAME, "PGPORT": str(own_server.port), "PGPASSFILE": passfile}
    url = "postgresql://postgres@/postgres"
    end = check(own_server, tmp_path, url, f"{MUTE} {SERVER}", **place)
    assert (end.exit_code, end.outcome) == (14, "not_ready"), end.verdict


def test_where_all_are_mute_nobody_answered(own_server: PostgresServer, tmp_path: Path) -> None:
    url = f"postgresql://postgres@{NAME}:PORT/postgres"
    end = check(own_server, tmp_path, url, f"{MUTE} {MUTE_TOO}")
    assert (end.exit_code, end.outcome) == (10, "unreachable")
    assert "no answer within" in end.verdict["error"]["message"]


def test_the_addresses_of_a_name_take_turns_beside_sockets_and_other_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {b"two": ["10.0.0.1", "10.0.0.2", "10.0.0.1"], b"one": ["10.0.0.3"]}

    def resolve(host: bytes, _: object, **options: object) -> list[object]:
        assert options == {"type": socket.SOCK_STREAM}
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(2, 1, 6, "", (address, 5432)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    hosts = {"host": "/run,two,gone,one", "port": "5433", "dbname": "shop"}
    turns = list(each_address_first(hosts))
    assert turns[0] == {
        "host": "/run,two,two,gone,one",
        "hostaddr": ",10.0.0.1,10.0.0.2,,",
        "port": "5433,5433,5433,5433,5433",
        "dbname": "shop",
    }
    assert [turn["hostaddr"].split(",")[0] for turn in turns] == [
        "",
        "10.0.0.1",
        "10.0.0.2",
        "",
        "",
    ]
    assert turns[1]["load_balance_hosts"] == "disable"


@pytest.mark.parametrize(
    "parameters",
    [
        {"host": "127.0.0.1", "port": "5432"},
        {"host": "/run/postgresql"},
        {"host": "no-such-host.invalid"},
        {"dbname": "shop"},
        {"service": "shop"},
        {"host": "a,b", "port": "1,2,3"},
        {"hostaddr": "10.0.0.1", "host": "localhost"},
    ],
    ids=str,
)
def test_where_there_is_one_place_or_libpq_has_to_tell_nothing_is_said_anew(
    parameters: dict[str, str],
) -> None:
    assert list(each_address_first(parameters)) == [parameters]
