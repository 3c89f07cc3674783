"""An app whose env.py has its URL from a settings class: two of tests/projects, to spoil."""

import json
from pathlib import Path

import pytest

from tests.harness.program import run_headstart
from tests.harness.project import ProjectCopy, copied
from tests.harness.result import Result
from tests.harness.server import Server

SYNC, ASYNC = "fastapi_settings", "fastapi_settings_async"


class App:
    """A project whose env.py and scripts import the app, in a folder of the test's own."""

    def __init__(self, project: ProjectCopy) -> None:
        self.project = project

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
        return [json.loads(line) for line in (self.project.path / "seen").read_text().splitlines()]

    def __call__(self, *argv: str, **environ: str) -> Result:
        """Run headstart in the project's folder."""
        return run_headstart(*argv, env=environ, cwd=self.project.path)


@pytest.fixture
def app(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> App:
    """The app with a settings class; another where the test names one."""
    assert server  # every test here runs with one server
    return App(copied(getattr(request, "param", SYNC), tmp_path))
