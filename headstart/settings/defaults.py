"""The defaults that the gate needs, too, which cannot pay for the declarations. Pure."""

ALEMBIC_INI = "alembic.ini"
VERSION_TABLE = "alembic_version"
PLACEHOLDERS = (
    "driver://user:pass@localhost/dbname",
    "postgresql+psycopg2://user:pass$@host:port/database_name",
)
"""What Alembic's templates have in place of a URL."""
TERMINATION_LOG = "/dev/termination-log"
