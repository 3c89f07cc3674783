"""The URL that an app's settings class gets: somebody's own text, or one that is built."""

import random
from collections.abc import Mapping

import pytest
from pydantic import PostgresDsn, TypeAdapter
from sqlalchemy import create_engine, make_url

from headstart.settings import app_url
from headstart.settings.database_url import parse_database_url
from headstart.settings.driver_url import built_url
from tests.unit.random_secrets import random_secrets

PASSWORD = "pa$%w@rd/:#?&+ "
WRITTEN = "pa$%25w%40rd%2F%3A%23%3F%26+%20"
KNOWN = {"host": "db", "port": "5432", "dbname": "app", "user": "me", "password": PASSWORD}
SOCKET = {"host": "/run/pg", "port": "5433", "dbname": "app", "user": "me"}

WHOLE = [
    "postgresql://me:other@db:5432/app",
    "postgres://me:x@db/app",
    "postgresql+asyncpg://me:a%40b@db/app?ssl=require&prepared_statement_cache_size=0",
    "postgresql+psycopg://me:a$b@h1:1,h2:2/app?sslmode=verify-full&application_name=a%20b",
    "POSTGRESQL://me:x@[::1]:5432/app",
    "postgresql://me@db/app?password=x",
    "postgresql://?user=me&password=x&host=db&dbname=app",
]


def completed_url(text: str, parameters: Mapping[str, str]) -> str:
    """A text of somebody's, completed."""
    return app_url.completed_url(parse_database_url(text, ""), parameters)


def leads_to(text: str, parameters: Mapping[str, str]) -> bool:
    """Whether a text of somebody's leads there."""
    return app_url.leads_to(parse_database_url(text, ""), parameters)


@pytest.mark.parametrize("text", WHOLE)
def test_a_url_that_is_whole_stays_as_it_is_letter_for_letter(text: str) -> None:
    assert completed_url(text, KNOWN) == text


COMPLETED = {
    "postgresql://me@db/app": f"postgresql://me:{WRITTEN}@db/app",
    "postgresql://me:@db/app": f"postgresql://me:{WRITTEN}@db/app",
    "postgresql://db/app": f"postgresql://me:{WRITTEN}@db/app",
    "postgresql+asyncpg://me@db:5432/app?ssl=require": (
        f"postgresql+asyncpg://me:{WRITTEN}@db:5432/app?ssl=require"
    ),
    "postgresql://me@h1,h2/app": f"postgresql://me:{WRITTEN}@h1,h2/app",
    "postgresql://db/app?user=me": f"postgresql://me:{WRITTEN}@db/app?user=me",
    "postgresql://me@db": f"postgresql://me:{WRITTEN}@db/app",
    "postgresql:///app?sslmode=require": (f"postgresql://me:{WRITTEN}@db:5432/app?sslmode=require"),
    "postgresql://": f"postgresql://me:{WRITTEN}@db:5432/app",
    " 'postgresql://me@db/app'\n": f"postgresql://me:{WRITTEN}@db/app",
    # what one parser takes for the host, another takes for the password
    "postgresql://me:p@ss@db/app": "postgresql://me:p%40ss@db/app",
    "postgresql://me:a,b@db/app": "postgresql://me:a%2Cb@db/app",
    "postgresql://me:a b:c@db/app": "postgresql://me:a%20b%3Ac@db/app",
}


@pytest.mark.parametrize("text", COMPLETED)
def test_what_a_url_leaves_out_is_put_in_and_nothing_else_is_changed(text: str) -> None:
    assert completed_url(text, KNOWN) == COMPLETED[text]


def test_a_port_is_written_only_where_it_is_not_the_usual_one() -> None:
    assert "6432" in completed_url("postgresql://me@db/app", KNOWN | {"port": "6432"})


@pytest.mark.parametrize("text", ["postgresql:///app", "postgresql+asyncpg://me@/app?ssl=disable"])
def test_a_socket_comes_with_a_host_and_a_port_for_those_who_want_one(text: str) -> None:
    completed = completed_url(text, SOCKET)
    assert "//me@localhost:5433/app?host=/run/pg" in completed
    assert parse_database_url(completed, "").parameters.items() >= SOCKET.items()


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("postgresql://me@/app?host=/run/pg&port=5433", "localhost"),
        ("postgresql:///app?user=me&host=/run/pg&port=5433", "localhost"),
        ("postgresql+asyncpg://me@:5433/app?host=/run/pg", "localhost:5433"),
    ],
)
def test_a_socket_that_somebody_wrote_gets_a_host_and_leads_there_still(
    text: str, host: str
) -> None:
    completed = completed_url(text, SOCKET)
    assert completed == text.replace("@/", f"@{host}/").replace("@:5433", f"@{host}").replace(
        ":///", f"://{host}/"
    )
    given = str(TypeAdapter(PostgresDsn).validate_python(completed))
    for url in (completed, given):
        assert parse_database_url(url, "").parameters.items() >= SOCKET.items()
        named = make_url(url).set(drivername="postgresql+psycopg2")
        _, arguments = named.get_dialect()().create_connect_args(named)
        assert arguments["host"] == "/run/pg"


def test_a_password_of_any_characters_is_read_back_by_the_parsers_of_urls() -> None:
    for secret in random_secrets(200):
        for url in (
            completed_url("postgresql://me@db/app", KNOWN | {"password": secret}),
            built_url(KNOWN | {"password": secret}),
        ):
            assert make_url(url).password == secret
            assert parse_database_url(url, "").parameters["password"] == secret
            assert make_url(str(TypeAdapter(PostgresDsn).validate_python(url))).password == secret


PLACES = [
    KNOWN,
    SOCKET,
    KNOWN | {"host": "::1"},
    KNOWN | {"host": "h1,h2", "port": "1,2"},
    KNOWN | {"host": "/a,/b", "port": "5433,5433"},
    {"host": "/tmp/a b?c&d%", "port": "5432", "dbname": "a/b", "user": "u@x"},
]


@pytest.mark.parametrize("driver", [None, "psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("place", PLACES)
def test_what_we_build_is_accepted_by_pydantic_and_leads_there_in_every_driver(
    place: Mapping[str, str], driver: str | None
) -> None:
    given = str(TypeAdapter(PostgresDsn).validate_python(built_url(place, driver)))
    url = make_url(given).set(drivername=f"postgresql+{driver or 'psycopg2'}")
    _, arguments = create_engine(
        url.set(drivername="postgresql+psycopg2")
    ).dialect.create_connect_args(url)
    assert {name: str(value) for name, value in arguments.items()} == place
    assert parse_database_url(given, "").driver == driver


def test_several_hosts_with_one_port_get_one_each() -> None:
    url = built_url(KNOWN | {"host": "h1,h2", "port": "5432"})
    assert url.endswith("@h1:5432/app?host=h1,h2&port=5432,5432")


ELSEWHERE = [
    "postgresql://me@other/app",
    "postgresql://me@db:5433/app",
    "postgresql://me@db/other",
    "postgresql://somebody@db/app",
    "postgresql://me:wrong@db/app",
    "postgresql://me@db,other/app",
    "postgresql://me@db/app?host=other",
]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_a_url_that_says_anything_else_of_the_place_does_not_lead_there(text: str) -> None:
    assert not leads_to(text, KNOWN)


@pytest.mark.parametrize("text", ["postgresql://db/app", "postgresql+asyncpg://me@db:5432/app"])
def test_a_url_that_says_less_leads_there(text: str) -> None:
    assert leads_to(text, KNOWN)


def test_a_place_that_is_not_known_is_another() -> None:
    """Else the password would be put into a URL of somebody else's server."""
    assert not leads_to("postgresql://me@db/app", {"user": "me", "password": "x"})


def test_random_places_survive() -> None:
    source = random.Random(7)
    for secret in random_secrets(100):
        place = {
            "host": source.choice(["h", "/run/x", "::1", "h1,h2"]),
            "dbname": secret,
            "user": secret[::-1],
        }
        assert parse_database_url(built_url(place), "").parameters == place
