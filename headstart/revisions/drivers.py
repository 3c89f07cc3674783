"""The drivers with which revisions run: those whose transactions, signals and losses are known."""

from sqlalchemy import Connection, Dialect

from headstart.verdict.errors import BrokenHistory

_DRIVERS = ("psycopg2", "psycopg", "asyncpg")


def is_known(dialect: Dialect) -> bool:
    """Whether what we ask of a connection can be asked of this one."""
    return dialect.name == "postgresql" and dialect.driver in _DRIVERS


def refuse_unknown_driver(connection: Connection) -> None:
    """Raise BrokenHistory for a connection with whose driver nothing could be promised."""
    dialect = connection.dialect
    if is_known(dialect):
        return
    raise BrokenHistory(
        f"env.py migrates with the driver {dialect.name}+{dialect.driver}: expected"
        f" {', '.join(_DRIVERS)}",
        next_step="in env.py, name one of these in the URL of the engine whose connection"
        " context.configure() gets (postgresql+psycopg2://), or take the URL that headstart gives"
        " (sqlalchemy.url); its other engines may keep their driver",
    )
