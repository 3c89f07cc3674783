"""Every way of writing a database URL, and what libpq and SQLAlchemy get of it."""

import random
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from headstart.settings.database_url import InvalidUrl, parse_database_url
from headstart.settings.defaults import PLACEHOLDERS
from headstart.settings.driver_url import sqlalchemy_url
from tests.unit.random_secrets import PLAIN, random_secrets

WHERE = "DATABASE_URL"
USUAL = {"user": "u", "password": "pw", "host": "h", "port": "5432", "dbname": "db"}

ACCEPTED = {
    # schemes and drivers
    "postgres://u:pw@h:5432/db": USUAL,
    "postgresql://u:pw@h:5432/db": USUAL,
    "POSTGRESQL://u:pw@h:5432/db": USUAL,
    "postgresql+asyncpg://u:pw@h:5432/db": USUAL,
    "postgresql+psycopg://u:pw@h:5432/db": USUAL,
    "postgresql+psycopg2://u:pw@h:5432/db": USUAL,
    "postgresql+psycopg_async://u:pw@h:5432/db": USUAL,
    "  postgresql://u:pw@h:5432/db\n": USUAL,
    # parts that are not there are libpq's business
    "postgresql://": {},
    "postgresql:///db": {"dbname": "db"},
    "postgresql://h": {"host": "h"},
    "postgresql://h/": {"host": "h"},
    "postgresql://u@h/db": {"user": "u", "host": "h", "dbname": "db"},
    "postgresql://u:@h/db": {"user": "u", "host": "h", "dbname": "db"},
    "postgresql://:pw@h/db": {"password": "pw", "host": "h", "dbname": "db"},
    "postgresql://u:pw@/db": {"user": "u", "password": "pw", "dbname": "db"},
    "postgresql://u%40corp:pw@h/d%2Fb": {
        "user": "u@corp",
        "password": "pw",
        "host": "h",
        "dbname": "d/b",
    },
    # several hosts
    "postgresql://h1:5433,h2:5434/db": {"host": "h1,h2", "port": "5433,5434", "dbname": "db"},
    "postgresql://h1,h2:5434/db": {"host": "h1,h2", "port": ",5434", "dbname": "db"},
    "postgresql://h1,h2/db?port=5433": {"host": "h1,h2", "port": "5433,5433", "dbname": "db"},
    "postgresql:///db?host=h1:5433&host=h2:5434": {
        "host": "h1,h2",
        "port": "5433,5434",
        "dbname": "db",
    },
    "postgresql:///db?host=h1,h2&port=5433,5434": {
        "host": "h1,h2",
        "port": "5433,5434",
        "dbname": "db",
    },
    "postgresql://h1,h2/db?target_session_attrs=read-write": {
        "host": "h1,h2",
        "dbname": "db",
        "target_session_attrs": "read-write",
    },
    # Unix sockets
    "postgresql:///db?host=/var/run/postgresql": {"host": "/var/run/postgresql", "dbname": "db"},
    "postgresql://u@/db?host=/run/pg&port=5433": {
        "user": "u",
        "host": "/run/pg",
        "port": "5433",
        "dbname": "db",
    },
    "postgresql://%2Fvar%2Frun%2Fpostgresql/db": {"host": "/var/run/postgresql", "dbname": "db"},
    "postgresql:///db?host=@abstract": {"host": "@abstract", "dbname": "db"},
    # IPv6
    "postgresql://[::1]/db": {"host": "::1", "dbname": "db"},
    "postgresql://u:pw@[2001:db8::1]:5433/db": {
        "user": "u",
        "password": "pw",
        "host": "2001:db8::1",
        "port": "5433",
        "dbname": "db",
    },
    "postgresql://[::1]:5433,h2:5434/db": {"host": "::1,h2", "port": "5433,5434", "dbname": "db"},
    "postgresql:///db?host=::1&port=5433": {"host": "::1", "port": "5433", "dbname": "db"},
    # encryption, both ways
    "postgresql://h/db?sslmode=verify-full": {
        "host": "h",
        "dbname": "db",
        "sslmode": "verify-full",
    },
    "postgresql+asyncpg://h/db?ssl=require": {"host": "h", "dbname": "db", "sslmode": "require"},
    "postgresql://h/db?ssl=true": {"host": "h", "dbname": "db", "sslmode": "require"},
    "postgresql://h/db?ssl=require&sslmode=require": {
        "host": "h",
        "dbname": "db",
        "sslmode": "require",
    },
    # names in the query
    "postgresql://?user=u&password=pw&host=h&port=5432&database=db": USUAL,
    "postgresql://?user=u&password=pw&host=h&port=5432&dbname=db": USUAL,
    "postgresql:///?service=main": {"service": "main"},
    "postgresql://u:pw@h/db?application_name=a@b": {
        "user": "u",
        "password": "pw",
        "host": "h",
        "dbname": "db",
        "application_name": "a@b",
    },
}

PASSWORDS = {
    # as it is written: as it is meant
    "p%40w": "p@w",
    "p%25w": "p%w",
    "p%C3%BCw": "püw",
    "p%w": "p%w",
    "p%zzw": "p%zzw",
    "100%": "100%",
    "p%ffw": "p%ffw",
    "p%40%zz%ff": "p@%zz%ff",
    "p$w": "p$w",
    "$ecret": "$ecret",
    "p@w": "p@w",
    "p@@w@": "p@@w@",
    "p/w": "p/w",
    "/pw/": "/pw/",
    "p:w": "p:w",
    ":pw:1": ":pw:1",
    "p+w": "p+w",
    "p#w": "p#w",
    "p?w": "p?w",
    "p w": "p w",
    "p[w]": "p[w]",
    "p&w=1": "p&w=1",
    "p'w\"": "p'w\"",
    "p\\w": "p\\w",
    "püw": "püw",
    "p%40$w@/:'\"ü": "p@$w@/:'\"ü",
}

REFUSED = {
    "": "DATABASE_URL is empty",
    "mysql://u:pw@h/db": "DATABASE_URL begins with 'mysql': expected postgresql://",
    "u:pw@h/db": "DATABASE_URL does not begin with a scheme",
    "postgresql+pg8000://u:pw@h/db": "DATABASE_URL names the driver 'pg8000': expected asyncpg",
    "postgresql://u:pw@h/db?sslmod=require": "unknown option 'sslmod' (did you mean sslmode?)",
    "postgresql://h/db?zzz=1&yyy=2": "unknown option 'zzz', 'yyy'",
    "postgresql://h/db?sslmode=on": "sslmode is invalid: expected disable, allow, prefer, require",
    "postgresql://h/db?sslmode": "sslmode is invalid: expected ",
    "postgresql://h/db?ssl=require&sslmode=disable": "ssl and sslmode contradict each other",
    "postgresql://u:pw@h:port/db": "the port is invalid: expected a number from 1 to 65535",
    "postgresql://h:0/db": "the port is invalid: expected a number",
    "postgresql://h:65536/db": "the port is invalid: expected a number",
    "postgresql://h:5432\u00b2/db": "the port is invalid: expected a number",
    "postgresql://h1,h2,h3/db?port=1,2": "3 hosts but 2 ports",
    "postgresql://2001:db8::1/db": "an IPv6 address needs brackets, as in [::1]:5432",
    "postgresql://u:pw@h/my@db": "can be read in two ways: write each @ as %40, except",
    "postgresql://u:p@w/x@h": "can be read in two ways",
    "postgresql://u:pw@h1:5432,h2/my@db": "can be read in two ways",
    "postgresql://u:pw@\nh/db": "contains a line break or another control character",
    "postgresql://u:p%00w@h/db": "contains %00, which PostgreSQL does not accept",
    "postgresql://h/db?application_name=%00": "contains %00",
    "postgresql://h/db/more": "the database name contains a /: write it as %2F",
    "postgresql://u:p@w?x=1@h/db": "write a ? or & in the password as %3F or %26",
    **dict.fromkeys(PLACEHOLDERS, "DATABASE_URL is still the placeholder of the template"),
}


@pytest.mark.parametrize("url", ACCEPTED)
def test_a_url_becomes_what_libpq_calls_its_parts(url: str) -> None:
    assert parse_database_url(url, WHERE).parameters == ACCEPTED[url]


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgres://h", None),
        ("postgresql://h", None),
        ("postgresql+asyncpg://h", "asyncpg"),
        ("postgresql+psycopg2://h", "psycopg2"),
    ],
)
def test_the_driver_is_kept_as_it_is_written(url: str, driver: str | None) -> None:
    assert parse_database_url(url, WHERE).driver == driver


@pytest.mark.parametrize("written", PASSWORDS)
def test_a_password_may_hold_special_characters_as_they_are(written: str) -> None:
    found = parse_database_url(f"postgresql://u:{written}@h:5432/db", WHERE)
    assert found.parameters == USUAL | {"password": PASSWORDS[written]}


def test_any_password_is_found_behind_percent_encoding() -> None:
    for secret in random_secrets(200):
        url = f"postgresql://u:{quote(secret, safe='')}@h:5432/db"
        assert parse_database_url(url, WHERE).parameters == USUAL | {"password": secret}


def test_any_password_without_a_question_mark_is_found_as_it_is() -> None:
    for secret in random_secrets(200, PLAIN.replace("%", "")):
        url = f"postgresql://u:{secret}@h:5432/db"
        assert parse_database_url(url, WHERE).parameters == USUAL | {"password": secret}


def test_options_of_other_drivers_are_kept_from_libpq() -> None:
    url = "postgresql+asyncpg://h/db?prepared_statement_cache_size=0&ssl=require"
    found = parse_database_url(url, WHERE)
    assert found.driver_options == {"prepared_statement_cache_size": "0"}
    assert found.parameters == {"host": "h", "dbname": "db", "sslmode": "require"}


@pytest.mark.parametrize("quote_mark", ["'", '"', "`"])
def test_quotes_around_the_url_are_stripped_with_a_warning_that_names_the_place(
    quote_mark: str,
) -> None:
    url = f"{quote_mark}postgresql://u:pw@h:5432/db{quote_mark}"
    found = parse_database_url(url, "sqlalchemy.url in alembic.ini")
    assert found.parameters == USUAL
    (warning,) = found.warnings
    assert warning.startswith("sqlalchemy.url in alembic.ini is wrapped in quotes")


def test_a_url_without_quotes_gives_no_warning() -> None:
    assert parse_database_url("postgresql://h", WHERE).warnings == ()


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_cannot_be_used_is_refused_with_place_and_cure(url: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        parse_database_url(url, WHERE)
    assert str(caught.value).startswith(WHERE)
    assert REFUSED[url] in str(caught.value)


SPOILED = (
    "mysql://u:{}@h/db",
    "u:{}@h/db",
    "postgresql+nope://u:{}@h/db",
    "postgresql://u:{}@h:port/db",
    "postgresql://u:{}@h/db?nope=1",
    "postgresql://u:{}@h/db?sslmode=nope",
    "postgresql://u:{}@h/d/b",
    "postgresql://u:{}@::1/db",
    "postgresql://u:{}",
    "postgresql://u:{}/db",
    "postgresql://h/db?password={}&nope=1",
    "postgresql://u:x@y?{}@h/db",
    "postgresql://u:x@y?{}=1@h/db",
    "postgresql://u:x@y?ssl={}@h/db",
    "postgresql://u:1?{}@h/db",
)


@pytest.mark.parametrize("spoiled", SPOILED)
@pytest.mark.parametrize("encode", [True, False])
def test_no_message_and_no_repr_holds_any_part_of_the_password(spoiled: str, encode: bool) -> None:
    for secret in random_secrets(200, PLAIN):
        told = outcome(spoiled.format(quote(secret, safe="") if encode else secret))
        assert secret[:3] not in told
        assert secret[-3:] not in told


def outcome(url: str) -> str:
    """All that one sees of a URL: its repr, or the error."""
    try:
        return repr(parse_database_url(url, WHERE))
    except InvalidUrl as error:
        return f"{error} {error!r}"


def test_sqlalchemy_gives_the_driver_the_parameters_that_were_parsed() -> None:
    source = random.Random(5)
    for secret in random_secrets(200):
        parameters = random_parameters(source, secret)
        assert driver_arguments(sqlalchemy_url(parameters)) == parameters


def random_parameters(source: random.Random, secret: str) -> dict[str, str]:
    """Parameters as parse_database_url gives them, of every kind."""
    hosts = ["h", "db-1.example.com", "127.0.0.1", "::1", "fe80::1%eth0", "/run/pg", "h1,::1"]
    host = source.choice(hosts)
    every = {
        "user": f"ü@{secret[::-1]}",
        "password": secret,
        "host": host,
        "port": ",".join("5433" for _ in host.split(",")),
        "dbname": f"d b/?#%{secret}",
        "sslmode": "require",
        "application_name": f"a&b={secret}+",
    }
    left_out = source.sample(["user", "password", "port", "sslmode", "application_name"], 2)
    return {name: value for name, value in every.items() if name not in left_out}


@pytest.mark.parametrize("url", ACCEPTED)
def test_every_accepted_url_reaches_the_driver_as_it_was_parsed(url: str) -> None:
    assert driver_arguments(sqlalchemy_url(ACCEPTED[url])) == ACCEPTED[url]


def driver_arguments(url: str) -> dict[str, str]:
    """What SQLAlchemy calls psycopg2.connect() with."""
    _, given = create_engine(url).dialect.create_connect_args(make_url(url))
    found = {name: str(value) for name, value in given.items()}
    # several hosts without ports are ports without numbers, which libpq takes for its default
    return {name: value for name, value in found.items() if value.strip(",") or name != "port"}


def test_the_driver_is_always_named() -> None:
    assert make_url(sqlalchemy_url({})).drivername == "postgresql+psycopg2"
    assert make_url(sqlalchemy_url({}, "asyncpg")).drivername == "postgresql+asyncpg"


def test_sqlalchemys_own_repr_hides_the_password_with_and_without_a_user() -> None:
    for parameters in (USUAL, {"host": "h", "password": "pw"}):
        assert "pw" not in repr(make_url(sqlalchemy_url(parameters)))
