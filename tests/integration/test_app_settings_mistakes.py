"""What an app's settings miss or mistake is told with its cure, and without the password."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.logins import Login, login, url_of
from tests.integration.settings_app import ASYNC, App, app

__all__ = ["app", "login"]
# libpq and the settings class decide here, not the server's version
pytestmark = ON_ONE_SERVER


def test_settings_that_are_missing_are_to_be_set_for_the_job(app: App, login: Login) -> None:
    app.edit('PROJECT_NAME: str = "app"', "SECRET_KEY: str\n    SENTRY_DSN: str")
    ended = app(DATABASE_URL=url_of(login))
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    step = ended.verdict["next_step"]
    assert step.startswith("set SECRET_KEY, SENTRY_DSN for the job, too")
    assert "build" not in step.partition(";")[0]
    assert "HEADSTART_URL_VARIABLES" in step
    # no script is imported for this question, and with it nothing of the app
    assert app("check", DATABASE_URL=url_of(login)).exit_code == 14


URL_MADE = "config.set_main_option('sqlalchemy.url', {})\n"
INI = "target_metadata = Base.metadata\n"
MISTAKES = {
    "a percent that is not doubled": (
        INI,
        f"{INI}{URL_MADE.format(repr('postgresql://u:pa$%wZZ@h/d'))}",
        "replace('%', '%%')",
    ),
    "a percent that is not doubled, read": (
        INI,
        f"{INI}ini = config.file_config\nini.read_string('[a]\\nx = pa%wZZ')\nini.get('a', 'x')\n",
        "replace('%', '%%')",
    ),
    "a scheme that SQLAlchemy does not know": (
        INI,
        f"{INI}import sqlalchemy\nsqlalchemy.create_engine('postgres://u:wZZ@h/d')\n",
        "write postgresql://",
    ),
    "a password with an @ and a colon": (
        INI,
        f"{INI}import sqlalchemy\nsqlalchemy.create_engine('postgresql://u:p@x:wZZ/d')\n",
        "percent-encode",
    ),
    "a value that a settings class refuses": (
        INI,
        f"{INI}import pydantic\nclass S(pydantic.BaseModel):\n    PORT: int\nS(PORT='x')\n",
        "correct the variables",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_settings_is_told_with_its_cure_and_without_the_password(
    app: App, login: Login, mistake: str
) -> None:
    old, new, cure = MISTAKES[mistake]
    env = app.project.path / "app" / "alembic" / "env.py"
    env.write_text(env.read_text().replace(old, new))
    ended = app(DATABASE_URL=url_of(login))
    assert ended.exit_code == 24, ended.stderr
    assert cure in ended.verdict["next_step"], ended.verdict
    assert "ZZ" not in ended.stderr


@pytest.mark.parametrize("app", [ASYNC], indirect=True)
def test_an_async_engine_with_a_synchronous_driver_in_the_url_gets_an_async_one(
    app: App, login: Login
) -> None:
    env = app.project.path / "app" / "alembic" / "env.py"
    made = '.replace("postgresql://", "postgresql+asyncpg://")'
    env.write_text(env.read_text().replace(made, ""))
    url = url_of(login).replace("://", "+psycopg2://")
    ended = app(DATABASE_URL=url)
    assert ended.exit_code == 0, ended.stderr
    assert [e["driver"] for e in ended.events if e["event"] == "env_configured"] == ["psycopg"]
