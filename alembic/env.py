"""Alembic runs this file for every command: it names our tables and finds the database.

It works with the `alembic` command alone, and on a connection that a program hands over in
config.attributes["connection"]. headstart runs it too, and sets config.attributes["headstart"].
"""

import os
from collections.abc import MutableMapping
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import NullPool, create_engine

from headstart.alembic_cli import explain, find_url

config = context.config
under_headstart = bool(config.attributes.get("headstart"))


def run() -> None:
    """Do what the command asked for, with or without a database."""
    if config.config_file_name is not None and not under_headstart:
        fileConfig(config.config_file_name, disable_existing_loggers=False)
    connection = config.attributes.get("connection")
    if context.is_offline_mode():
        run_offline()
    elif connection is not None:
        migrate(connection=connection)
    else:
        run_online()


def run_offline() -> None:
    """Print the SQL; this needs neither a database nor its URL (`--sql`)."""
    migrate(
        dialect_name="postgresql+psycopg2",
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )


def run_online() -> None:
    """Run the revisions on a connection of our own."""
    given = config.get_main_option("sqlalchemy.url") if under_headstart else None
    url = given or find_url(config.file_config, config.config_ini_section, os.environ)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        migrate(connection=connection)


def migrate(**target: Any) -> None:
    """Tell Alembic what is ours, then let it run."""
    # Imported late, so that a mistake in a model is explained like any other.
    from models.db_schemas.minirag.schemas import Base

    def is_ours(_: str | None, kind: str, parents: MutableMapping[Any, str | None]) -> bool:
        """Hide tables that have no model, which autogenerate would otherwise propose to drop."""
        return kind != "table" or parents["schema_qualified_table_name"] in Base.metadata.tables

    context.configure(
        **target,
        target_metadata=Base.metadata,
        include_name=is_ours,
        compare_server_default=True,
        # What a revision did stays when a later one fails.
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


try:
    run()
except Exception as error:
    hint = explain(error, under_headstart=under_headstart)
    if hint is None:
        raise
    if under_headstart:
        error.add_note(hint)
        raise
    # Of this error the alembic command prints one line; of any other a page of traceback.
    raise CommandError(hint) from error
