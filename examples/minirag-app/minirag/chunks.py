"""Chunks: the text of an asset is cut into them; a later cut replaces the earlier one."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import CursorResult, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from minirag.assets import TEXT
from minirag.chunking import cut
from minirag.collection import (
    collection_of,
    forget_chunks,
    index_chunks,
    lock_project,
    make_collection,
)
from minirag.database import Connected
from minirag.listing import Asked, Listing, read_part
from minirag.projects import Id, require_project
from models.db_schemas.minirag.schemas import Asset, DataChunk

router = APIRouter(prefix="/projects/{project_id}", tags=["chunks"])


class Cut(BaseModel):
    """How to cut, in characters."""

    size: int = Field(800, ge=100, le=10_000)
    overlap: int = Field(100, ge=0)

    @model_validator(mode="after")
    def _gets_on(self) -> Self:
        if self.overlap > self.size // 2:
            raise ValueError("overlap may be half of size at most")
        return self


DEFAULT_CUT = Cut.model_validate({})


class CutAnswer(BaseModel):
    """How many chunks an asset has now, and how many it had."""

    asset_id: int
    chunks: int
    replaced: int


class ChunkAnswer(BaseModel):
    """A chunk, as clients see it; `chunk_order` is its place within the asset."""

    model_config = ConfigDict(from_attributes=True)

    chunk_id: int
    chunk_asset_id: int
    chunk_order: int
    chunk_text: str
    chunk_metadata: dict[str, Any] | None


@router.post("/assets/{asset_id}/chunks", status_code=status.HTTP_201_CREATED)
async def cut_asset(
    database: Connected, project_id: Id, asset_id: Id, how: Annotated[Cut, Query()]
) -> CutAnswer:
    """Cut the text of an asset into chunks, in place of those that it has."""
    async with database.begin() as session:
        return await replace_chunks(session, project_id, asset_id, how)


@router.get("/chunks")
async def list_chunks(database: Connected, project_id: Id, part: Asked) -> Listing[ChunkAnswer]:
    """The chunks of the project, asset by asset, in order."""
    columns = [getattr(DataChunk, name) for name in ChunkAnswer.model_fields]
    query = select(*columns).where(DataChunk.chunk_project_id == project_id)
    in_order = query.order_by(DataChunk.chunk_asset_id, DataChunk.chunk_order)
    async with database.begin() as session:
        await require_project(session, project_id)
        total, rows = await read_part(session, in_order, part)
    return Listing(total=total, items=[ChunkAnswer.model_validate(row) for row in rows])


async def replace_chunks(
    session: AsyncSession, project_id: int, asset_id: int, how: Cut
) -> CutAnswer:
    """Delete the chunks of an asset, insert new ones and index them, in one transaction."""
    text = await _text_of(session, project_id, asset_id)
    await lock_project(session, project_id)
    collection = collection_of(project_id)
    await make_collection(session, collection)
    await forget_chunks(session, collection, asset_id)
    old = await session.execute(delete(DataChunk).where(DataChunk.chunk_asset_id == asset_id))
    assert isinstance(old, CursorResult)
    rows = [
        {
            "chunk_text": piece.text,
            "chunk_order": order,
            "chunk_metadata": {"start": piece.start},
            "chunk_project_id": project_id,
            "chunk_asset_id": asset_id,
        }
        for order, piece in enumerate(cut(text, how.size, how.overlap))
    ]
    await session.execute(insert(DataChunk), rows)
    await index_chunks(session, collection, asset_id)
    return CutAnswer(asset_id=asset_id, chunks=len(rows), replaced=old.rowcount)


async def _text_of(session: AsyncSession, project_id: int, asset_id: int) -> str:
    """The text of an asset, or 404, or 409 for one that another program made without any."""
    await require_project(session, project_id)
    asset = await session.get(Asset, asset_id)
    if asset is None or asset.asset_project_id != project_id:
        raise HTTPException(
            status.HTTP_404_NOT_FOUND, f"there is no asset {asset_id} in project {project_id}"
        )
    text = (asset.asset_config or {}).get(TEXT)
    if not isinstance(text, str) or not text.strip():
        raise HTTPException(status.HTTP_409_CONFLICT, f"asset {asset_id} holds no text to cut")
    return text
