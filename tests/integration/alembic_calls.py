"""Alembic's commands, called from Python on a connection of ours, as its cookbook shows.

They pass through our alembic/env.py; alembic.ini is not read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, NullPool, create_engine

from tests.harness.environment import ROOT
from tests.harness.server import Database


@contextmanager
def open_engine(database: Database) -> Iterator[Engine]:
    """Give an engine that keeps no connection."""
    engine = create_engine(database.driver_url(), poolclass=NullPool)
    yield engine
    engine.dispose()


def configure(connection: Connection | None, **attributes: object) -> Config:
    """Return a Config that hands the connection to env.py; it prints into its own `stdout`."""
    config = Config(stdout=StringIO())
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes, connection=connection)
    return config


def upgrade(engine: Engine, target: str) -> None:
    """Upgrade and commit."""
    with engine.begin() as connection:
        command.upgrade(configure(connection), target)
