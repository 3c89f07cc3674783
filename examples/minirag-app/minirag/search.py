"""Full-text search in the chunks of a project."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from minirag.collection import LANGUAGE, collection_of, has_collection
from minirag.database import Connected
from minirag.projects import Id, require_project
from models.db_schemas.minirag.schemas import Asset, DataChunk

router = APIRouter(prefix="/projects/{project_id}/search", tags=["search"])

MARKS = ("«", "»")
"""What stands around a word that was found: no HTML, since the text around it is anybody's."""


class Search(BaseModel):
    """What to look for, in the words of websearch_to_tsquery; the NUL character is no text."""

    q: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    limit: int = Field(10, ge=1, le=50)


class Hit(BaseModel):
    """A chunk that was found; `excerpt` is where the words stand in it."""

    model_config = ConfigDict(from_attributes=True)

    chunk_id: int
    chunk_order: int
    asset_id: int
    asset_name: str
    rank: float
    excerpt: str


class SearchAnswer(BaseModel):
    """The best hits, the best first."""

    query: str
    hits: list[Hit]


@router.get("")
async def search(
    database: Connected, project_id: Id, asked: Annotated[Search, Query()]
) -> SearchAnswer:
    """Find chunks; a project that was never cut has none."""
    async with database.begin() as session:
        await require_project(session, project_id)
        rows = await find_chunks(session, project_id, asked)
    return SearchAnswer(query=asked.q, hits=[Hit.model_validate(row) for row in rows])


async def find_chunks(
    session: AsyncSession, project_id: int, asked: Search
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows of the best hits."""
    collection = collection_of(project_id)
    if not await has_collection(session, collection):
        return []
    wanted = func.websearch_to_tsquery(LANGUAGE, asked.q)
    options = f"StartSel={MARKS[0]}, StopSel={MARKS[1]}"
    rank = func.ts_rank(collection.c.tsv, wanted)
    found = await session.execute(
        select(
            DataChunk.chunk_id,
            DataChunk.chunk_order,
            Asset.asset_id,
            Asset.asset_name,
            rank.label("rank"),
            func.ts_headline(LANGUAGE, DataChunk.chunk_text, wanted, options).label("excerpt"),
        )
        .join(collection, collection.c.chunk_id == DataChunk.chunk_id)
        .join(Asset, Asset.asset_id == DataChunk.chunk_asset_id)
        .where(collection.c.tsv.bool_op("@@")(wanted))
        .order_by(rank.desc(), DataChunk.chunk_id)
        .limit(asked.limit)
    )
    return found.all()
