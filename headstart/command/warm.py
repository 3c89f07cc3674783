"""How a process of a nursery becomes a run, and what the nursery imports, so that it has not to.

Names, and not imports: this module is read in the main process of a fleet, which needs few of them.
"""

from typing import NoReturn

MODULES = (
    "headstart.command.execution",
    "headstart.verbs.run",
    "headstart.gate.image",
    "headstart.gate.place",
    "headstart.gate.server",
    "headstart.postgres.proof_question",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "psycopg2.extras",
    "logging.config",  # which Alembic's template of an env.py imports
)


def become_run(table: tuple[str, str] | None) -> NoReturn:
    """Be the ordinary run, or that of one of many targets in a database, by its version table."""
    if table is None:
        from headstart.__main__ import main as enter

        enter()
    from headstart.command.main import main
    from headstart.postgres.target import Target

    main(target=Target(*table))
