"""The page for people: projects, assets, the first chunks, a search, and the schema revision."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, status
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape
from pydantic import BaseModel, Field
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from minirag.database import Connected
from minirag.health import Probed
from minirag.search import MARKS, Search, find_chunks
from models.db_schemas.minirag.schemas import Asset, DataChunk, Project

router = APIRouter(include_in_schema=False)

PROJECTS = 20
"""How many the page shows, the newest first."""

FIRST_CHUNKS = 3
SHOWN_CHARACTERS = 240

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}
"""A text that anybody uploaded is on this page: it may run nothing, whatever a template forgot."""


class Looked(BaseModel):
    """What the search form sends; empty where nobody looked for anything."""

    project: int | None = Field(None, ge=1, le=2**31 - 1)
    q: str = Field("", max_length=500, pattern=r"^[^\x00]*$")


@dataclass
class AssetCard:
    """An asset with the beginning of its chunks."""

    row: Row[*tuple[Any, ...]]
    chunks: list[str] = field(default_factory=list)


@dataclass
class ProjectCard:
    """A project with what is in it."""

    row: Row[*tuple[Any, ...]]
    assets: list[AssetCard] = field(default_factory=list)


def marked(excerpt: str) -> Markup:
    """An excerpt of the search as HTML."""
    start, stop = MARKS
    return escape(excerpt).replace(start, Markup("<mark>")).replace(stop, Markup("</mark>"))


templates = Jinja2Templates(Path(__file__).with_name("templates"))
templates.env.filters["marked"] = marked


@router.get("/", response_class=HTMLResponse)
async def show(
    request: Request, database: Connected, probe: Probed, looked: Annotated[Looked, Query()]
) -> HTMLResponse:
    """The page; where the database is not ready, a page that says what to do."""
    answer = await probe.ask()
    shown: dict[str, Any] = {"answer": answer, "looked": looked}
    if answer.ready:
        async with database.begin() as session:
            shown["projects"] = await _projects(session)
            shown["hits"] = await _hits(session, looked)
    code = status.HTTP_200_OK if answer.ready else status.HTTP_503_SERVICE_UNAVAILABLE
    return templates.TemplateResponse(request, "page.html", shown, code, headers=HEADERS)


async def _hits(session: AsyncSession, looked: Looked) -> list[Row[*tuple[Any, ...]]] | None:
    if looked.project is None or not looked.q.strip():
        return None
    return list(await find_chunks(session, looked.project, Search(q=looked.q, limit=10)))


async def _projects(session: AsyncSession) -> list[ProjectCard]:
    query = select(Project.project_id, Project.created_at)
    newest = await session.execute(query.order_by(Project.project_id.desc()).limit(PROJECTS))
    cards = {row.project_id: ProjectCard(row) for row in newest}
    assets: dict[int, AssetCard] = {}
    for row in await session.execute(_assets_of(list(cards))):
        assets[row.asset_id] = AssetCard(row)
        cards[row.asset_project_id].assets.append(assets[row.asset_id])
    for asset_id, texts in (await _first_chunks(session, list(assets))).items():
        assets[asset_id].chunks = texts
    return list(cards.values())


def _assets_of(project_ids: list[int]) -> Any:
    chunks = (
        select(func.count())
        .where(DataChunk.chunk_asset_id == Asset.asset_id)
        .scalar_subquery()
        .label("chunk_count")
    )
    return (
        select(Asset.asset_id, Asset.asset_project_id, Asset.asset_name, Asset.asset_size, chunks)
        .where(Asset.asset_project_id.in_(project_ids))
        .order_by(Asset.asset_id)
    )


async def _first_chunks(session: AsyncSession, asset_ids: list[int]) -> dict[int, list[str]]:
    text = func.left(DataChunk.chunk_text, SHOWN_CHARACTERS).label("text")
    rows = await session.execute(
        select(DataChunk.chunk_asset_id, text)
        .where(DataChunk.chunk_asset_id.in_(asset_ids), DataChunk.chunk_order < FIRST_CHUNKS)
        .order_by(DataChunk.chunk_asset_id, DataChunk.chunk_order)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        found[row.chunk_asset_id].append(row.text)
    return found
