"""The defaults that the gate needs, too, which cannot pay for the declarations. Pure."""

ALEMBIC_INI = "alembic.ini"
TERMINATION_LOG = "/dev/termination-log"
