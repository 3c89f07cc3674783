"""What Alembic and SQLAlchemy make once in a process, made before it is needed.

A process that forks others does it for all of them: it is a tenth of a short run's work.
"""

from sqlalchemy import Column, MetaData, String, Table, create_engine
from sqlalchemy.schema import CreateTable

from headstart.revisions.project import command_parser


def fill() -> None:
    """Make the alembic command's parser, and compile what Alembic sends; nothing is connected."""
    command_parser()
    engine = create_engine("postgresql+psycopg2://")
    table = Table("version", MetaData(), Column("number", String(32)))
    values, same = {"number": ""}, table.c.number == ""
    change = table.update().values(values).where(same)
    for each in (table.select(), table.insert().values(values), change, table.delete().where(same)):
        each.compile(engine)
    CreateTable(table).compile(engine)
