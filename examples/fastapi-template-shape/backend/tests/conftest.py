"""The database of the tests, as a deployment leaves it: the variables name an empty one."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.core.db import engine


@pytest.fixture(scope="session", autouse=True)
def migrated() -> None:
    """Run the job once; where it fails, its verdict is in the output."""
    subprocess.run([sys.executable, "-m", "headstart"], check=True)


@pytest.fixture
def session() -> Iterator[Session]:
    """A session whose work is undone after the test, its commits too."""
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as made:
            yield made
        outer.rollback()
