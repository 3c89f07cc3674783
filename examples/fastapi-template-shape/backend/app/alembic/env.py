"""Alembic's environment: the URL comes from the app's settings class.

While headstart runs this file, it sets DATABASE_URL, which comes first: `fingerprint build` names
its scratch database so.
"""

import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine, make_url, pool

from app.core.config import settings
from app.models import Base

if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name)

url = make_url(os.environ.get("DATABASE_URL") or settings.database_url)


def run_migrations_offline() -> None:
    """Print the SQL instead of executing it."""
    context.configure(
        url=url.render_as_string(hide_password=False),
        target_metadata=Base.metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Execute the revisions."""
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
