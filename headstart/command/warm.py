"""What a nursery imports, so that no target's process has to: all that a run imports, gate and all.

Names, and not imports: this module is read in the main process of a fleet, which needs few of them.
"""

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
