"""examples/fastapi-template-shape: an app with the shape of FastAPI's template, adopted."""

import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.environment import ROOT
from tests.harness.program import run_headstart, run_program
from tests.harness.result import Result
from tests.harness.server import Database

EXAMPLE = ROOT / "examples" / "fastapi-template-shape"
HEAD = "b64e09d7715a"
ADMIN = "admin@example.com"
SECONDS = 240
SECRETS = {"SECRET_KEY": "k", "FIRST_ADMIN": ADMIN, "FIRST_ADMIN_PASSWORD": "pa$%w@rd"}

pytestmark = ON_ONE_SERVER


class App:
    """A copy of the example's backend, and the variables that its compose.yaml sets."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        given = database.parameters
        names = {
            "host": "SERVER",
            "port": "PORT",
            "user": "USER",
            "password": "PASSWORD",
            "dbname": "DB",
        }
        parts = {f"POSTGRES_{part}": given[name] for name, part in names.items()}
        libpq = {f"PG{name.upper()}": given[name] for name in ("host", "port", "user", "password")}
        self.environ = SECRETS | parts | libpq | {"PGDATABASE": given["dbname"]}

    def headstart(self, *argv: str) -> Result:
        """Run a verb."""
        return run_headstart(*argv, env=self.environ, cwd=self.folder, timeout=SECONDS)

    def run(self, *command: str) -> Result:
        """Run something else to its end, which has to be a success."""
        done = run_program(*command, env=self.environ, cwd=self.folder, timeout=SECONDS)
        assert done.exit_code == 0, done.stdout + done.stderr
        return done


@pytest.fixture
def app(tmp_path: Path, database: Database) -> App:
    """The app, on an empty database."""
    ignored = ignore_patterns("__pycache__", "wheels", "build")
    return App(copytree(EXAMPLE / "backend", tmp_path / "backend", ignore=ignored), database)


def admins(app: App) -> list[tuple[object, ...]]:
    """The administrators that are there."""
    return app.database.query("SELECT email FROM users WHERE is_admin")


def test_the_prestart_script_migrates_and_seeds_once(app: App) -> None:
    first, second = (app.run("bash", "scripts/prestart.sh") for _ in range(2))
    assert (first.verdict["outcome"], first.verdict["to"]) == ("upgraded", [HEAD])
    assert first.stdout == "the first administrator was created\n"
    assert second.verdict["outcome"] == "nothing_to_do"
    assert second.stdout == "nothing to seed\n"
    assert admins(app) == [(ADMIN,)]
    checked = app.headstart("check").verdict
    assert (checked["outcome"], checked["proof"]) == ("nothing_to_do", "fingerprint")


def test_a_database_that_create_all_made_is_recognized(app: App) -> None:
    create_all = (
        "from app.core.db import engine; from app.models import Base;"
        "Base.metadata.create_all(engine)"
    )
    app.run(sys.executable, "-c", create_all)
    ended = app.headstart().verdict
    assert (ended["outcome"], ended["to"], ended["proof"]) == ("baselined", [HEAD], "fingerprint")


def test_its_fingerprints_are_those_of_its_revisions_and_models(app: App) -> None:
    """Whatever the parts say: env.py lets DATABASE_URL come first, which names the scratch one."""
    scratch = app.database.server.url(dbname=app.database.name, password="")
    app.environ["POSTGRES_DB"] = "nowhere"
    ended = app.headstart("fingerprint", "check", f"--url={scratch}")
    assert ended.outcome == "fingerprinted", ended.stderr


def test_all_variables_that_the_class_misses_are_named_at_once(app: App) -> None:
    del app.environ["SECRET_KEY"], app.environ["FIRST_ADMIN_PASSWORD"]
    ended = app.headstart()
    assert ended.exit_code == 24
    assert "set SECRET_KEY, FIRST_ADMIN_PASSWORD for the job, too" in ended.verdict["next_step"]


def test_its_own_tests_pass_on_a_database_that_the_job_has_made(app: App) -> None:
    done = app.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert "2 passed" in done.stdout
    assert admins(app) == []
