"""Runs glance's revisions, as the wheel holds them, without the rest of glance.

Its own env.py takes its engine from glance's configuration, and imports the service with a hundred
packages; its revisions need the types in glance.db.sqlalchemy.models and schema.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from alembic import context
from sqlalchemy import create_engine, pool


def without_its_own_code(name: str) -> ModuleType:
    """A package whose modules can be imported, and whose __init__.py is not."""
    spec = find_spec("glance")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = ModuleType(name)
    site_packages = Path(spec.submodule_search_locations[0]).parent
    package.__path__ = [str(site_packages.joinpath(*name.split(".")))]
    return package


for each in ("glance.db", "glance.db.sqlalchemy.alembic_migrations", "glance.cmd.manage"):
    sys.modules.setdefault(each, without_its_own_code(each))
# the default of the command that glance has for upgrades
sys.modules["glance.cmd.manage"].USE_TRIGGERS = True  # type: ignore[attr-defined]


def run_migrations() -> None:
    """Online only."""
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=None, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


if not context.is_offline_mode():
    run_migrations()
