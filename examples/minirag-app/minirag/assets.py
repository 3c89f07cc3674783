"""Assets: text files that are uploaded into a project, and listed."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, UploadFile, status
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from minirag.database import Connected
from minirag.listing import Asked, Listing, read_part
from minirag.projects import Id, require_project
from minirag.uploads import TextFile, read_text_file
from models.db_schemas.minirag.schemas import Asset

router = APIRouter(prefix="/projects/{project_id}/assets", tags=["assets"])

FILE = "file"
"""The type of every asset that this app makes."""

TEXT = "text"
"""The key of asset_config under which the text is kept."""


class AssetAnswer(BaseModel):
    """An asset, as clients see it; its size in bytes."""

    model_config = ConfigDict(from_attributes=True)

    asset_id: int
    asset_uuid: UUID
    asset_name: str
    asset_type: str
    asset_size: int
    created_at: datetime


@router.post("", status_code=status.HTTP_201_CREATED)
async def upload_asset(database: Connected, project_id: Id, file: UploadFile) -> AssetAnswer:
    """Keep a text file in the project."""
    upload = await read_text_file(file)
    async with database.begin() as session:
        await require_project(session, project_id)
        return AssetAnswer.model_validate(await add_asset(session, project_id, upload))


@router.get("")
async def list_assets(database: Connected, project_id: Id, part: Asked) -> Listing[AssetAnswer]:
    """The assets of the project, the oldest first."""
    # by name, lest every text is read: it is in asset_config
    columns = [getattr(Asset, name) for name in AssetAnswer.model_fields]
    query = select(*columns).where(Asset.asset_project_id == project_id).order_by(Asset.asset_id)
    async with database.begin() as session:
        await require_project(session, project_id)
        total, rows = await read_part(session, query, part)
    return Listing(total=total, items=[AssetAnswer.model_validate(row) for row in rows])


async def add_asset(session: AsyncSession, project_id: int, upload: TextFile) -> Asset:
    """Insert an asset."""
    asset = Asset(
        asset_type=FILE,
        asset_name=upload.name,
        asset_size=upload.size,
        asset_config={TEXT: upload.text},
        asset_project_id=project_id,
    )
    session.add(asset)
    await session.flush()
    return asset
