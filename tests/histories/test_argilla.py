"""argilla-server 2.8.0: a sync env.py of an async app, with its URL from the app's settings."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import Database
from tests.histories.app import App
from tests.histories.comparison import assert_nothing_to_do, assert_upgraded, version_rows
from tests.histories.conftest import MakeDatabase

ARGILLA = App("argilla", "argilla_server/alembic.ini", "argilla_server/alembic/versions")
MIDDLE = "8c574ada5e5f"
"""It alters enum types; what follows needs them."""


@pytest.fixture(scope="session")
def password() -> str:
    """A plain one.

    Argilla's env.py gives the URL to the ini parser as it is: a `%` breaks Alembic alone, too.
    """
    return "plain"


@pytest.fixture
def argilla(tmp_path: Path) -> App:
    """The app, with a home of its own."""
    return at_home(tmp_path)


def at_home(folder: Path) -> App:
    """The app with this home; it makes one on import."""
    return replace(ARGILLA, environ={"ARGILLA_HOME_PATH": str(folder), "HOME": str(folder)})


def settings(database: Database) -> dict[str, str]:
    """The app's own setting, in its own form."""
    return {"ARGILLA_DATABASE_URL": database.driver_url("asyncpg")}


def upgrade(app: App, database: Database, target: str) -> None:
    """Run the `alembic` command."""
    done = app.program("alembic", "-c", app.ini, "upgrade", target, **settings(database))
    assert done.exit_code == 0, done.stderr


def test_the_whole_history_is_there(argilla: App) -> None:
    assert len(argilla.history) == 24


def test_it_ends_as_with_alembic_alone(argilla: App, make_database: MakeDatabase) -> None:
    """From empty, from the middle, and once more when there is nothing to do."""
    reference, empty = make_database(), make_database()
    upgrade(argilla, reference, MIDDLE)
    middle = make_database(reference.name)
    upgrade(argilla, reference, "head")
    for start, database in (("", empty), (MIDDLE, middle)):
        ended = argilla.headstart(database.url, **settings(database))
        assert_upgraded(argilla, ended, database, start)
        assert version_rows(database) == version_rows(reference)
        assert database.dump() == reference.dump()
    assert_nothing_to_do(argilla.headstart(middle.url, **settings(middle)))
    assert middle.dump() == reference.dump()


@ON_ONE_SERVER
def test_its_env_py_on_another_database_than_ours_is_refused(
    argilla: App, make_database: MakeDatabase
) -> None:
    """Two settings name the database here, and people do change only one of them."""
    ours, other = make_database(), make_database()
    ended = argilla.headstart(ours.url, **settings(other))
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "wrong_database"), ended
    untouched = make_database().dump()
    assert ours.dump() == untouched
    assert other.dump() == untouched
