"""What an app's own settings class finds in the environment, by each way to name the database."""

from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER, Finished, RunHeadstart
from tests.integration.fingerprinting import PROJECTS, copied
from tests.integration.logins import SOURCES, Login, login
from tests.integration.plain import PlainProject

__all__ = ["login"]
# libpq and the settings class decide here, not the server's version
pytestmark = ON_ONE_SERVER

SYNC, ASYNC = "fastapi_settings", "fastapi_settings_async"
EMBEDDED = {"HEADSTART_EMBEDDED_DIR": ".embedded"}


class App:
    """A project whose env.py and scripts import the app, in a folder of the test's own."""

    def __init__(self, project: PlainProject, run_headstart: RunHeadstart) -> None:
        self.project = project
        self._run = run_headstart

    @property
    def config(self) -> Path:
        """The module of the settings class."""
        return self.project.path / "app" / "core" / "config.py"

    def edit(self, old: str, new: str) -> None:
        """Replace a text of that module."""
        text = self.config.read_text()
        assert old in text, old
        self.config.write_text(text.replace(old, new))

    def note(self) -> None:
        """Let env.py write down what it finds in the environment, and its child processes too."""
        env = self.project.path / "app" / "alembic" / "env.py"
        env.write_text(
            "import json, os, pathlib\n"
            "with pathlib.Path('seen').open('a') as seen:\n"
            "    print(json.dumps(dict(os.environ)), file=seen)\n" + env.read_text()
        )

    def seen(self) -> list[dict[str, str]]:
        """What it wrote down, each time that it was run."""
        import json

        return [json.loads(line) for line in (self.project.path / "seen").read_text().splitlines()]

    def __call__(self, *argv: str, **environ: str) -> Finished:
        """Run headstart in the project's folder."""
        return self._run(*argv, env=environ, cwd=self.project.path)


@pytest.fixture
def app(request: pytest.FixtureRequest, run_headstart: RunHeadstart, tmp_path: Path) -> App:
    """The app with a settings class; another where the test names one."""
    return App(copied(PROJECTS / getattr(request, "param", SYNC), tmp_path), run_headstart)


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
