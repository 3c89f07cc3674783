"""Projects: made and listed. Everything else in this app belongs to one of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, status
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from minirag.database import Connected
from minirag.listing import Asked, Listing, read_part
from models.db_schemas.minirag.schemas import Project

router = APIRouter(prefix="/projects", tags=["projects"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""A key of a table: what PostgreSQL calls integer."""


class ProjectAnswer(BaseModel):
    """A project, as clients see it."""

    model_config = ConfigDict(from_attributes=True)

    project_id: int
    project_uuid: UUID
    created_at: datetime


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_project(database: Connected) -> ProjectAnswer:
    """Make an empty project."""
    async with database.begin() as session:
        return ProjectAnswer.model_validate(await add_project(session))


@router.get("")
async def list_projects(database: Connected, part: Asked) -> Listing[ProjectAnswer]:
    """The projects, the oldest first."""
    query = select(Project.project_id, Project.project_uuid, Project.created_at)
    async with database.begin() as session:
        total, rows = await read_part(session, query.order_by(Project.project_id), part)
    items = [ProjectAnswer.model_validate(row) for row in rows]
    return Listing(total=total, items=items)


async def add_project(session: AsyncSession) -> Project:
    """Insert a project."""
    project = Project()
    session.add(project)
    await session.flush()
    return project


async def require_project(session: AsyncSession, project_id: int) -> None:
    """Answer 404 where there is no such project."""
    if await session.get(Project, project_id) is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no project {project_id}")
