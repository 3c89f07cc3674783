"""What libpq refuses of its parameters is refused with the other settings, wherever it is said."""

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest

from headstart.postgres.libpq_defaults import libpq_options
from headstart.settings.libpq import KEYWORDS, Kind
from headstart.settings.libpq_values import mistakes_in
from tests.unit.reading import URL, mistakes, read

LIBPQ = libpq_options()
REFUSED = re.compile(
    r"^invalid |invalid integer value|could not parse network address|cannot be mixed"
)
"""libpq's own words for a value that it does not take."""
WORDS = (
    *("any", "read-write", "read-only", "primary", "standby", "prefer-standby", "master"),
    *("disable", "allow", "prefer", "require", "verify-ca", "verify-full", "Require", "true"),
    *("postgres", "direct", "random", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "tlsv1.2", "1.2"),
    *("3.0", "3.2", "latest", "", "-"),
)
"""Of every parameter that takes a few words, tried with each of them."""
VALUES: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: (),
    Kind.INTEGER: ("5", " 5 ", "+5", "-1", "0", "ten", "5s", "5.0", "", "2147483648"),
    Kind.PORTS: ("5432", "", "+5432", "x", "0", "65536"),
    Kind.ADDRESSES: ("127.0.0.1", "::1", "", "127.1", "db", "db,127.0.0.1"),
    Kind.ENCODING: (),  # libpq passes it on: the server refuses it
    Kind.METHODS: ("", "md5", "!md5,!gss", "scram-sha-256,none", "x", "md5,!gss", "!md5,x"),
}


@pytest.fixture(scope="module")
def listener() -> Iterator[int]:
    """A port that accepts and says nothing: libpq looks at some values only when it connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_close_each, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _close_each(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            server.accept()[0].close()


def is_refused_by_libpq(name: str, value: str, port: int) -> bool:
    # the least version, so that no version is below it
    least = {"ssl_min_protocol_version": "TLSv1"}
    place: dict[str, Any] = {"host": "127.0.0.1", "port": str(port), **least, name: value}
    if name == "hostaddr":
        place["host"] = ",".join(["127.0.0.1"] * (value.count(",") + 1))
    with pytest.raises(psycopg2.OperationalError) as failed:
        psycopg2.connect("", **place)
    message = str(failed.value)
    return any(REFUSED.search(part) for part in message.splitlines() for part in part.split(": "))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={value}")
        for name, keyword in KEYWORDS.items()
        for value in (WORDS if keyword.choices else VALUES[keyword.kind])
        if name in LIBPQ
    ],
)
def test_what_libpq_refuses_is_refused_and_nothing_else(
    name: str, value: str, listener: int
) -> None:
    refused = bool(mistakes_in({name: value}, "the URL"))
    assert refused is is_refused_by_libpq(name, value, listener)


def test_every_parameter_and_variable_of_libpq_is_known() -> None:
    assert {name: KEYWORDS[name].variable for name in LIBPQ} == LIBPQ


WRONG = {
    "target_session_attrs": "master",
    "connect_timeout": "ten",
    "keepalives": "maybe",
    "tcp_user_timeout": "30s",
    "gssencmode": "on",
    "channel_binding": "yes",
    "load_balance_hosts": "yes",
    "ssl_min_protocol_version": "1.2",
    "sslmode": "on",
    "hostaddr": "db",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG.keys())
def test_in_a_url_it_is_named_with_what_is_allowed_and_without_the_value(
    name: str, value: str
) -> None:
    (mistake,) = mistakes({"DATABASE_URL": f"postgresql://u@h/db?{name}={value}"})
    assert mistake.startswith(f"DATABASE_URL: {name} is invalid: expected ")
    allowed = KEYWORDS[name].choices or [KEYWORDS[name].kind.value]
    assert all(each in mistake for each in allowed)
    assert value not in mistake.partition("expected")[0]


@pytest.mark.parametrize(
    ("variable", "value"),
    [(KEYWORDS[name].variable, value) for name, value in WRONG.items() if KEYWORDS[name].variable],
)
def test_so_it_is_in_a_variable_of_libpqs(variable: str, value: str) -> None:
    (mistake,) = mistakes({**URL, variable: value})
    assert mistake.startswith(f"{variable} is invalid: expected ")


def test_an_empty_variable_that_libpq_refuses_is_called_empty() -> None:
    (mistake,) = mistakes({**URL, "PGCONNECT_TIMEOUT": ""})
    assert mistake == "PGCONNECT_TIMEOUT is empty: expected a whole number"


SERVICES = {
    "/home/.pg_service.conf": "# ours\n[other]\nsslmode=on\n\n[app]\nhost=db\nconnect_timeout=ten\n"
    "keepalives=maybe\n[later]\nkeepalives=maybe\n",
    "/etc/pg_service.conf": "[central]\ntarget_session_attrs=master\n",
    "/named.conf": "[app]\nkeepalives_idle=soon\nkeepalives_idle=5\n",
}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        pytest.param(
            {"PGSERVICE": "app"},
            ["service 'app' in /home/.pg_service.conf: connect_timeout", "keepalives is invalid"],
            id="of PGSERVICE",
        ),
        pytest.param(
            {"DATABASE_URL": "postgresql:///db?service=app&keepalives=1"},
            ["service 'app' in /home/.pg_service.conf: connect_timeout"],
            id="of the URL, which wins",
        ),
        pytest.param(
            {"PGSERVICE": "app", "PGSERVICEFILE": "/named.conf"},
            ["service 'app' in /named.conf: keepalives_idle is invalid"],
            id="in another file, where the first value counts",
        ),
        pytest.param(
            {"PGSERVICE": "central", "PGSYSCONFDIR": "/etc", "PGTARGETSESSIONATTRS": "nope"},
            ["service 'central' in /etc/pg_service.conf: target_session_attrs"],
            id="of the system, which wins over a variable",
        ),
    ],
)
def test_so_it_is_in_a_service_file(environ: Mapping[str, str], found: list[str]) -> None:
    caught = mistakes({"HOME": "/home", **environ}, files=SERVICES)
    assert len(caught) == len(found)
    assert all(part in mistake for part, mistake in zip(found, caught, strict=True))


def test_what_a_url_says_itself_is_asked_nowhere_else() -> None:
    assert read({"DATABASE_URL": "postgresql://h/db?sslmode=require", "PGSSLMODE": "on"})


def test_every_mistake_is_told_at_once() -> None:
    url = "postgresql://u@h/db?keepalives=maybe&channel_binding=yes"
    caught = mistakes({"DATABASE_URL": url, "HEADSTART_WAIT_SECONDS": "soon"})
    assert [part in "; ".join(caught) for part in ("keepalives", "channel_binding", "WAIT")] == [
        True
    ] * 3


@pytest.mark.parametrize("value", ["", "utf8", "UTF-8", "unicode", "LATIN1", "Latin-9", "auto"])
def test_an_encoding_that_the_server_knows_is_taken(value: str) -> None:
    assert mistakes_in({"client_encoding": value}, "a URL") == ()


@pytest.mark.parametrize("value", ["nope", "utf9", "utf8,latin1", "-"])
def test_another_one_is_a_mistake_at_once(value: str) -> None:
    (found,) = mistakes_in({"client_encoding": value}, "a URL")
    assert "an encoding that PostgreSQL knows" in found
    (around,) = mistakes({"PGCLIENTENCODING": value} | URL)
    assert around.startswith("PGCLIENTENCODING is invalid")
