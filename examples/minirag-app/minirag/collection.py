"""The full-text index of a project: a table of its own, which the app makes at run time.

No revision and no model knows these tables; headstart must leave them alone, and does.
"""

from sqlalchemy import Column, Index, Integer, MetaData, Table, delete, func, insert, select
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateIndex, CreateTable

from models.db_schemas.minirag.schemas import DataChunk

LANGUAGE = "english"
"""The text search configuration of every collection."""

_LOCK_CLASS = 0x6D72
"""The first half of the locks' keys: two halves are never equal to a 64-bit key as headstart's."""


def collection_of(project_id: int) -> Table:
    """The table of a project; its name comes from the key alone."""
    name = f"collection_{int(project_id)}"
    # metadata of its own: what is in Base's is what Alembic compares with
    table = Table(
        name,
        MetaData(),
        # No foreign key: each would be one more trigger on every chunk that is deleted, and making
        # it locks the table of chunks against all other projects.
        Column("chunk_id", Integer, primary_key=True, autoincrement=False),
        Column("tsv", TSVECTOR, nullable=False),
    )
    Index(f"ix_{name}_tsv", table.c.tsv, postgresql_using="gin")
    return table


async def lock_project(session: AsyncSession, project_id: int) -> None:
    """Let no other transaction change the chunks of the project until this one has ended.

    IF NOT EXISTS alone does not help two who create the same table at once: one of them fails
    with a unique violation in the catalog.
    """
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK_CLASS, project_id)))


async def make_collection(session: AsyncSession, collection: Table) -> None:
    """Make the table where it is missing; needs lock_project."""
    await session.execute(CreateTable(collection, if_not_exists=True))
    for index in collection.indexes:
        await session.execute(CreateIndex(index, if_not_exists=True))


async def forget_chunks(session: AsyncSession, collection: Table, asset_id: int) -> None:
    """Take the chunks of an asset out of the collection, before they are deleted."""
    chunks = select(DataChunk.chunk_id).where(DataChunk.chunk_asset_id == asset_id)
    await session.execute(delete(collection).where(collection.c.chunk_id.in_(chunks)))


async def index_chunks(session: AsyncSession, collection: Table, asset_id: int) -> None:
    """Put the chunks of an asset into the collection."""
    rows = select(DataChunk.chunk_id, func.to_tsvector(LANGUAGE, DataChunk.chunk_text)).where(
        DataChunk.chunk_asset_id == asset_id
    )
    await session.execute(insert(collection).from_select(["chunk_id", "tsv"], rows))


async def has_collection(session: AsyncSession, collection: Table) -> bool:
    """Whether the project was ever cut into chunks."""
    return bool(await session.scalar(select(func.to_regclass(collection.name).is_not(None))))
