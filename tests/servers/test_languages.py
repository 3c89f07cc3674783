"""A server that speaks German is understood like any other: by SQLSTATE, never by text."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg2
import pytest

from tests.harness.endings import WAIT_SECONDS, assert_refused_at_once, assert_waited_in_vain
from tests.harness.program import until
from tests.harness.slow import run
from tests.servers.containers import running
from tests.servers.databases import DEBIAN_IMAGE, Database

AS_STANDBY = "touch $PGDATA/standby.signal; exec postgres -c listen_addresses=* -c hot_standby=off"


def said_by(url: str) -> str:
    """What the server tells a client who asks for no SQLSTATE."""
    with pytest.raises(psycopg2.OperationalError) as caught:
        psycopg2.connect(url, connect_timeout=5)
    return str(caught.value)


@pytest.fixture
def crowded(debian: Database) -> Iterator[str]:
    """The URL of a role with one connection, which is taken."""
    debian.query("DROP ROLE IF EXISTS crowd")
    debian.query("CREATE ROLE crowd LOGIN PASSWORD 'crowd' CONNECTION LIMIT 1")
    url = debian.url(user="crowd", password="crowd")
    with ExitStack() as stack:
        stack.callback(psycopg2.connect(url).close)
        yield url


REFUSALS: dict[str, tuple[Callable[[Database], str], str, str]] = {
    "wrong password": (lambda d: d.url(password="wrong"), "28P01", "Passwort"),
    "no such role": (lambda d: d.url(user="nobody"), "28P01", "Passwort"),
    "role may not log in": (lambda d: d.url(user="pg_monitor"), "28P01", "Passwort"),
    "no such database": (lambda d: d.url(name="missing"), "3D000", "existiert nicht"),
    "TLS required": (lambda d: d.url(sslmode="disable"), "28000", "pg_hba.conf"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_german_refusal_ends_the_wait_at_once(debian: Database, case: str) -> None:
    make_url, sqlstate, german = REFUSALS[case]
    assert german in said_by(make_url(debian))
    end = run(make_url(debian))
    assert_refused_at_once(end, sqlstate=sqlstate, cause="the ")


def test_a_role_without_the_connect_privilege_is_refused_at_once(debian: Database) -> None:
    database = debian.create()
    debian.query(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
    debian.query("DROP ROLE IF EXISTS stranger")
    debian.query("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    url = database.url(user="stranger", password="stranger")
    assert "keine Berechtigung" in said_by(url)
    assert_refused_at_once(run(url), sqlstate="42501", cause="CONNECT")


def test_too_many_clients_in_german_are_waited_out(crowded: str) -> None:
    assert "zu viele Verbindungen" in said_by(crowded)
    end = run(crowded, HEADSTART_WAIT_SECONDS=str(WAIT_SECONDS))
    assert_waited_in_vain(end, sqlstate="53300", cause="no connection slot")


def test_a_database_that_is_closed_is_waited_for_in_german(debian: Database) -> None:
    url = debian.url(name="template0")
    assert "akzeptiert" in said_by(url)
    end = run(url, HEADSTART_WAIT_SECONDS=str(WAIT_SECONDS))
    assert_waited_in_vain(end, sqlstate="55000", cause="does not accept connections")


@pytest.mark.usefixtures("debian")  # builds the image
def test_a_german_server_that_is_starting_up_is_waited_for() -> None:
    with running(DEBIAN_IMAGE, "sh", "-c", AS_STANDBY) as container:
        url = Database(container, "postgres").url()
        until(lambda: "Datenbanksystem" in said_by(url), "a server that listens")
        end = run(url, HEADSTART_WAIT_SECONDS=str(WAIT_SECONDS))
    assert_waited_in_vain(end, sqlstate="57P03", cause="starting up")
