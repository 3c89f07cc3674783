"""argilla's databases without their version table: its async env.py, and the rules of mlflow's."""

from functools import partial
from pathlib import Path

import pytest

from headstart.fingerprint.file.text import read_file
from tests.conftest import ON_ONE_SERVER
from tests.harness.server import Server
from tests.histories.adoption import SEED, Adopted, Walk, adopt, build_fingerprints, drawn
from tests.histories.app import App
from tests.histories.comparison import version_rows
from tests.histories.conftest import MakeDatabase, databases
from tests.histories.test_argilla import argilla as app_with_a_home
from tests.histories.test_argilla import at_home, settings, upgrade

# one server will do: that all read the same schema is tested in tests/servers
pytestmark = ON_ONE_SERVER
argilla = app_with_a_home
DRAWN = 4


@pytest.fixture(scope="session")
def password() -> str:
    """Without a `%`: argilla's env.py gives the URL to the ini parser as it is."""
    return "plain"


@pytest.fixture(scope="session")
def known(server: Server, password: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its maintainers would ship, built once."""
    folder = tmp_path_factory.mktemp("argilla")
    app, file = at_home(folder), folder / "fingerprints.txt"
    with databases(server, password) as make:
        scratch = make()
        ended = build_fingerprints(app, scratch, file, **settings(scratch))
    assert ended.exit_code == 0, ended
    return file


def test_some_of_its_revisions_are_told_and_upgraded_as_alembic_does(
    known: Path, argilla: App, make_database: MakeDatabase
) -> None:
    revisions = drawn(argilla, DRAWN)
    walk = Walk(make_database(), make_database, partial(upgrade, argilla))
    copies = walk.stop_at(revisions)
    expected = {each: Adopted("baselined", (each,)) for each in revisions}
    found = {each: adopt(argilla, at, known, **settings(at)) for each, at in copies.items()}
    assert found == expected, f"seed {SEED}"
    for database in copies.values():
        assert database.dump() == walk.database.dump()
        assert version_rows(database) == version_rows(walk.database)


def test_its_schemas_are_all_different(known: Path, argilla: App) -> None:
    """What the test above rests on: no revision of it is taken for another one."""
    states = read_file(known.read_text()).states
    assert len({state.root for state in states}) == len(states) == len(argilla.history)
