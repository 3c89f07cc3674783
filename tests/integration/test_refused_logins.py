"""What refuses a login has its words shown: a server, a login trigger, a proxy of any kind."""

from collections.abc import Iterator

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.endings import WAIT_SECONDS, assert_refused_at_once, assert_waited_in_vain
from tests.harness.proxy import Refuser
from tests.harness.result import Result
from tests.harness.server import Database, a_role
from tests.harness.slow import run


def wait_in_vain(url: str) -> Result:
    return run(url, HEADSTART_WAIT_SECONDS=str(WAIT_SECONDS))


@pytest.mark.parametrize(
    ("sqlstate", "words"),
    [
        pytest.param("28000", "odyssey: c8f3: route for 'shop.app' is not found", id="Odyssey"),
        pytest.param("28P01", 'password authentication failed for user "app"', id="pgcat"),
        pytest.param("3D000", "No pool configured for database: app", id="its pool"),
    ],
)
def test_a_proxys_words_are_shown_with_its_refusal(sqlstate: str, words: str) -> None:
    with Refuser(sqlstate, words.encode()) as proxy:
        end = run(proxy.url)
    assert_refused_at_once(end, words, sqlstate)
    assert "pg_hba.conf" not in end.verdict["error"]["message"]


@pytest.mark.parametrize(
    "sqlstate", ["58000", "08P01", "XX000", "54000", "26000", "0A000", "55000"]
)
def test_and_with_what_may_pass(sqlstate: str) -> None:
    with Refuser(sqlstate, b"all servers are down, says the proxy") as proxy:
        end = wait_in_vain(proxy.url)
    assert_waited_in_vain(end, "all servers are down, says the proxy", sqlstate)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("Anmeldung für Rolle verweigert".encode("latin-1"), id="of another encoding"),
        pytest.param(b"no\nFATAL:  57P03: yes\n\x1b[31mready", id="of several lines"),
        pytest.param(b"no " * 9_000, id="of as much as libpq takes"),
        pytest.param(b"", id="none"),
    ],
)
def test_words_of_any_kind_leave_the_sqlstate_and_the_verdict_as_they_are(words: bytes) -> None:
    with Refuser("28P01", words) as proxy:
        end = run(proxy.url)
    assert_refused_at_once(end, "the server refused the password", "28P01")
    assert "\x1b" not in end.stderr


@ON_ONE_SERVER
@pytest.mark.parametrize(
    ("environ", "options", "words"),
    [
        pytest.param({"PGTZ": "Mars/Olympus"}, "", "Mars/Olympus", id="PGTZ"),
        pytest.param({}, "?options=-c%20nope%3D1", "nope", id="a name"),
        pytest.param({"PGOPTIONS": "-c work_mem=much"}, "", "work_mem", id="a value"),
        pytest.param({}, "?options=nothing", "nothing", id="no option at all"),
        pytest.param({}, "?options=-c%20shared_buffers%3D1GB", "shared_buffers", id="of the start"),
    ],
)
def test_a_setting_that_comes_with_the_login_is_named_at_once(
    database: Database, environ: dict[str, str], options: str, words: str
) -> None:
    end = run(database.url + options, **environ)
    assert (end.exit_code, end.outcome) == (2, "invalid_settings"), end.verdict
    assert words in end.verdict["error"]["message"]
    assert "PGTZ" in end.verdict["next_step"]


@pytest.fixture
def guest(database: Database) -> Iterator[str]:
    """A role, called after the database."""
    with a_role(database, "guest") as role:
        yield role


def with_login_trigger(database: Database, guest: str, body: str) -> None:
    """Let the database execute something when the guest logs in."""
    database.execute(
        "CREATE FUNCTION at_login() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF session_user = '{guest}' THEN {body}; END IF; END $$;"
        " CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION at_login();"
    )


@ON_ONE_SERVER
@pytest.mark.parametrize("sqlstate", ["P0001", "42501", "22023"])
def test_the_words_of_a_login_trigger_are_shown(
    database: Database, guest: str, sqlstate: str
) -> None:
    """The SQLSTATE is its author's word, too."""
    with_login_trigger(database, guest, f"RAISE 'closed until Monday' USING ERRCODE = '{sqlstate}'")
    end = wait_in_vain(database.url_of(guest))
    assert_waited_in_vain(end, "closed until Monday", sqlstate)
    assert "raised by the function at_login()" in end.verdict["error"]["message"]
    assert "event trigger on login" in end.verdict["next_step"]
    assert "start the database" not in end.verdict["next_step"]


@ON_ONE_SERVER
def test_a_login_trigger_that_fails_by_itself_is_a_refusal(database: Database, guest: str) -> None:
    with_login_trigger(database, guest, "PERFORM 1 / 0")
    assert_refused_at_once(run(database.url_of(guest)), "division by zero", "22012")
