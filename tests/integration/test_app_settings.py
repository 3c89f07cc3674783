"""What an app's own settings class finds in the environment, by each way to name the database."""

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import Database, empty_database
from tests.integration.fingerprinting import password_of
from tests.integration.logins import SOURCES, Login, login, url_of
from tests.integration.settings_app import ASYNC, SYNC, App, app

__all__ = ["app", "login"]
# libpq and the settings class decide here, not the server's version
pytestmark = ON_ONE_SERVER

EMBEDDED = {"HEADSTART_EMBEDDED_DIR": ".embedded"}


@pytest.mark.parametrize("app", [SYNC, ASYNC], indirect=True)
@pytest.mark.parametrize("source", SOURCES)
def test_a_settings_class_gets_the_whole_url_from_each_source(
    source: str, app: App, login: Login, tmp_path: Path
) -> None:
    if "asyncpg" in source and app.project.path.name == SYNC:
        app.edit("settings = Settings()", DRIVERLESS)
    environ = SOURCES[source](login, tmp_path, app.project)
    ended = app(**environ)
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.stderr
    checked = app("check", "--output", "json", **environ)
    assert (checked.exit_code, checked.verdict["outcome"]) == (0, "nothing_to_do"), checked.stderr


DRIVERLESS = """
class Driverless(Settings):
    @property
    def url(self):
        return str(self.DATABASE_URL)
settings = Settings()
assert str(settings.DATABASE_URL).startswith("postgresql+asyncpg://"), "the driver was lost"
settings.DATABASE_URL = str(settings.DATABASE_URL).replace("+asyncpg", "")
"""


@pytest.mark.parametrize("app", [SYNC, ASYNC], indirect=True)
def test_the_embedded_server_has_a_url_that_a_strict_settings_class_takes(app: App) -> None:
    """Built, checked, and run with HEADSTART_EMBEDDED; its pages say no more than that."""
    for verb in ("build", "check"):
        ended = app("fingerprint", verb, **EMBEDDED)
        assert ended.exit_code == 0, ended.stderr
    for argv in (("plan", "--sql"), ("run",), ("check",)):
        ended = app(*argv, HEADSTART_EMBEDDED="1", **EMBEDDED)
        assert ended.exit_code == 0, ended.stderr


@pytest.mark.parametrize("app", [SYNC, ASYNC], indirect=True)
def test_a_scratch_database_that_asks_for_a_password_is_reached_too(
    app: App, database: Database
) -> None:
    """DATABASE_URL names the app's own database meanwhile, which is none that answers."""
    url = database.server.url(dbname=database.name, password="")
    environ = {"DATABASE_URL": "postgresql://nobody:x@127.0.0.1:1/no", **password_of(database)}
    ended = app("fingerprint", "build", "--url", url, **environ)
    assert ended.exit_code == 0, ended.stderr


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"SHOP_DATABASE_URL": "postgresql+psycopg://nobody:x@127.0.0.1:1/no?sslmode=require"},
        {"SHOP_DATABASE_URL": "sqlite:///shop.db"},
    ],
)
def test_variables_of_other_names_hold_the_url_too(
    app: App, login: Login, tmp_path: Path, own: Mapping[str, str]
) -> None:
    app.edit('extra="forbid"', 'extra="forbid", env_prefix="SHOP_"')
    app.note()
    environ = {**SOURCES["password file"](login, tmp_path, app.project), **own}
    ended = app(HEADSTART_URL_VARIABLES="SHOP_DATABASE_URL, B_URL", **environ)
    assert ended.exit_code == 0, ended.stderr
    for seen in app.seen():
        named = "+psycopg" if "psycopg" in own.get("SHOP_DATABASE_URL", "") else ""
        assert seen["SHOP_DATABASE_URL"].startswith(f"postgresql{named}://{login['user']}:")
        assert seen["B_URL"] == seen["DATABASE_URL"]


def test_a_variable_that_leads_there_keeps_its_own_text(
    app: App, login: Login, tmp_path: Path
) -> None:
    """Its options may be another driver's."""
    app.note()
    environ = SOURCES["password file"](login, tmp_path, app.project)
    own = environ["DATABASE_URL"].replace("://", "+asyncpg://") + "?ssl=disable"
    app(HEADSTART_URL_VARIABLES="APP_DB_URL", APP_DB_URL=own, **environ)
    for seen in app.seen():
        assert seen["APP_DB_URL"].endswith("?ssl=disable")
        assert seen["APP_DB_URL"].startswith(f"postgresql+asyncpg://{login['user']}:")


def test_a_url_that_is_whole_is_handed_on_letter_for_letter(app: App, login: Login) -> None:
    app.note()
    url = url_of(login) + "?application_name=a%20b"
    assert app(DATABASE_URL=f"'{url}'").exit_code == 0
    for seen in app.seen():
        assert (seen["DATABASE_URL"], seen["PGPASSWORD"]) == (url, login["password"])


ENDINGS = {
    "well": ("", 0),
    "with an error in env.py": ("raise RuntimeError('no')", 24),
    "by a signal": (
        "import os, signal, time; os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)",
        143,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_environment_is_put_back_however_it_ends(
    ending: str, app: App, login: Login, tmp_path: Path
) -> None:
    line, exit_code = ENDINGS[ending]
    app.note()
    env = app.project.path / "app" / "alembic" / "env.py"
    left = (
        "import atexit, json, os, pathlib\n"
        "left = pathlib.Path('left').absolute()\n"
        "atexit.register(lambda: left.write_text(json.dumps(dict(os.environ))))"
    )
    env.write_text(f"{left}\n{env.read_text()}\n{line}\n")
    environ = SOURCES["password file"](login, tmp_path, app.project)
    ended = app(HEADSTART_URL_VARIABLES="APP_DB_URL", **environ)
    assert ended.exit_code == exit_code, ended.stderr
    assert all(login["password"] == seen["PGPASSWORD"] for seen in app.seen())
    left_behind = json.loads((app.project.path / "left").read_text())
    assert left_behind["DATABASE_URL"] == environ["DATABASE_URL"]
    assert not {"PGPASSWORD", "APP_DB_URL"} & left_behind.keys()


def test_a_password_that_is_rotated_meanwhile_is_read_anew(
    app: App, login: Login, tmp_path: Path, database: Database
) -> None:
    """While env.py runs, which has connected; what verifies its work connects after that."""
    app.note()
    environ = SOURCES["password file"](login, tmp_path, app.project)
    env = app.project.path / "app" / "alembic" / "env.py"
    file = environ["PGPASSWORD_FILE"]
    rotate = f"""
import psycopg2
with open({file!r}) as secret:
    if secret.read().strip() != "r0tated":
        admin = psycopg2.connect({database.url!r})
        admin.autocommit = True
        admin.cursor().execute("ALTER ROLE {login["user"]} PASSWORD 'r0tated'")
        open({file!r}, "w").write("r0tated")
"""
    text = env.read_text().replace("str(settings.DATABASE_URL)", 'os.environ["DATABASE_URL"]')
    env.write_text(
        text.replace(
            "        context.configure(",
            f"{indent(rotate, ' ' * 8)}\n        context.configure(",
            2,
        )
    )
    ended = app(**environ)
    assert ended.exit_code == 0, ended.stderr
    assert [seen["PGPASSWORD"] for seen in app.seen()] == [login["password"]]
    assert ended.verdict["outcome"] == "upgraded"


def test_a_url_without_its_socket_leads_to_no_server_and_the_build_says_so(app: App) -> None:
    """Else an app that takes its URL apart would migrate whatever listens at localhost:5432."""
    app.edit("settings = Settings()", DROPPING)
    ended = app("fingerprint", "build", **EMBEDDED)
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "wrong_database")
    assert "port 5432" not in ended.verdict["error"]["message"]
    assert "?host=" in ended.verdict["next_step"], ended.verdict
    assert "--url" in ended.verdict["next_step"]


DROPPING = """
settings = Settings()
settings.DATABASE_URL = str(settings.DATABASE_URL).partition("?")[0]
"""


def test_a_replay_never_runs_a_revision_in_another_database(app: App, database: Database) -> None:
    """Whatever env.py makes of the URL that it is given."""
    with empty_database(database.server) as other:
        app.edit(
            "settings = Settings()", f"settings = Settings()\nsettings.DATABASE_URL = {other.url!r}"
        )
        embedded = app("fingerprint", "build", **EMBEDDED)
        url = database.server.url(dbname=database.name, password="")
        given = app("fingerprint", "build", "--url", url, **password_of(database))
        for ended in (embedded, given):
            assert (ended.exit_code, ended.verdict["outcome"]) == (2, "wrong_database")
            assert "HEADSTART_URL_VARIABLES" in ended.verdict["next_step"]
            assert "--url" in ended.verdict["next_step"]
        assert (
            other.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            == []
        )
