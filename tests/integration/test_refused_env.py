"""A connection that env.py never got: its own mistake, unless the database may be back soon."""

import shutil
from urllib.parse import quote

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import refusing_port
from tests.integration.logins import Login, login
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE

__all__ = ["login"]
pytestmark = ON_ONE_SERVER

DRIVERS = ["psycopg2", "psycopg", "asyncpg"]
ANCHOR = "target_metadata = None\n"


def url_of(login: Login, driver: str, **other: str) -> str:
    """The URL that env.py makes of parts of its own."""
    parts = {name: quote(value, safe="") for name, value in {**login, **other}.items()}
    address = f"{parts['host']}:{parts['port']}/{parts['dbname']}"
    return f"postgresql+{driver}://{parts['user']}:{parts['password']}@{address}"


def with_own(stage: Stage, driver: str, url: str, before: str = "") -> None:
    """Give env.py a URL of its own, and what it does before that."""
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    doubled = url.replace("%", "%%")
    line = f"config.set_main_option('sqlalchemy.url', {doubled!r})\n"
    stage.project.edit_env(ANCHOR, f"{ANCHOR}{before}{line}")


MISTAKES = {
    "port": {"port": str(refusing_port())},
    "password": {"password": "wr0ng-one"},
    "database": {"dbname": "no_such_database"},
    "user": {"user": "no_such_role"},
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("part", MISTAKES)
def test_a_wrong_part_of_a_url_of_its_own_is_wrong_database(
    stage: Stage, login: Login, driver: str, part: str
) -> None:
    given = {**login, "host": "localhost"}
    with_own(stage, driver, url_of(given, driver, **MISTAKES[part]))
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "wrong_database"), ended.verdict
    there = {**given, **MISTAKES[part]}
    shown = f"{there['user']}@localhost:{there['port']}/{there['dbname']}, while headstart"
    assert f"env.py could not connect to {shown}" in ended.verdict["error"]["message"]
    assert "HEADSTART_URL_VARIABLES" in ended.verdict["next_step"]
    assert "wr0ng-one" not in ended.stderr
    assert stage.tables() == set()


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_part_of_a_password_that_is_read_as_a_host_is_not_printed(
    stage: Stage, driver: str
) -> None:
    with_own(stage, driver, f"postgresql+{driver}://app:pa$%w@rdZZ/qZZ@127.0.0.1:5432/app")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "wrong_database"), ended.verdict
    assert "not percent-encoded?" in ended.verdict["error"]["message"]
    assert "ZZ" not in ended.stderr + ended.stdout + ended.termination


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_without_a_slot_for_it_is_to_be_tried_again(
    stage: Stage, login: Login, driver: str
) -> None:
    stage.database.execute(f"ALTER ROLE {login['user']} CONNECTION LIMIT 0")
    with_own(stage, driver, url_of(login, driver))
    ended = stage.run(HEADSTART_WAIT_SECONDS="2")
    assert (ended.exit_code, ended.verdict["outcome"]) == (13, "connection_lost"), ended.verdict


DIRECTLY = (
    "import psycopg2, sqlalchemy\n"
    "def engine_from_config(*_, **__):\n"
    "    creator = lambda: psycopg2.connect({url!r})\n"
    "    return sqlalchemy.create_engine('postgresql+psycopg2://', creator=creator)\n"
)


@pytest.mark.parametrize(
    ("part", "end"),
    [
        pytest.param("password", (2, "wrong_database"), id="a wrong password"),
        pytest.param("database", (2, "wrong_database"), id="a wrong database"),
        pytest.param("port", (13, "connection_lost"), id="another place, which may be back"),
    ],
)
def test_a_driver_that_env_py_calls_itself_is_told_by_libpqs_words(
    stage: Stage, login: Login, part: str, end: tuple[int, str]
) -> None:
    url = url_of({**login, "host": "127.0.0.1"}, "psycopg2", **MISTAKES[part])
    made = DIRECTLY.format(url=url.replace("+psycopg2", ""))
    stage.project.edit_env(ANCHOR, f"{ANCHOR}{made}")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == end, ended.verdict
    assert "env.py could not connect to" in ended.verdict["error"]["message"]
    assert "lost" not in ended.verdict["error"]["message"]
    assert "wr0ng-one" not in ended.stderr


END_LOCK = (
    'import psycopg2\npsycopg2.connect({url!r}).cursor().execute("SELECT pg_terminate_backend(pid)'
    " FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name LIKE 'headstart:lock:%'\")\n"
)


@pytest.mark.parametrize("driver", DRIVERS)
def test_where_our_own_connection_is_gone_too_it_is_to_be_tried_again(
    stage: Stage, login: Login, driver: str
) -> None:
    before = END_LOCK.format(url=stage.database.url)
    with_own(stage, driver, url_of(login, driver, **MISTAKES["port"]), before)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (13, "connection_lost"), ended.verdict


def test_what_fails_after_a_connection_that_it_had_is_no_wrong_url(
    stage: Stage, login: Login
) -> None:
    before = (
        "import sqlalchemy\n"
        f"sqlalchemy.create_engine({url_of(login, 'psycopg2')!r}).connect().close()\n"
    )
    with_own(stage, "psycopg2", url_of(login, "psycopg2", **MISTAKES["port"]), before)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (13, "connection_lost"), ended.verdict
