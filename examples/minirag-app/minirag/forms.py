"""What the forms of the page send; each answers with the way back to the page."""

from fastapi import APIRouter, UploadFile, status
from fastapi.responses import RedirectResponse

from minirag.assets import add_asset
from minirag.chunks import DEFAULT_CUT, replace_chunks
from minirag.database import Connected
from minirag.projects import Id, add_project, require_project
from minirag.uploads import read_text_file

router = APIRouter(prefix="/page/projects", include_in_schema=False)


@router.post("")
async def create_project(database: Connected) -> RedirectResponse:
    """Make a project."""
    async with database.begin() as session:
        project = await add_project(session)
    return _back_to(project.project_id)


@router.post("/{project_id}/assets")
async def upload_and_cut(database: Connected, project_id: Id, file: UploadFile) -> RedirectResponse:
    """Keep a file and cut it at once, in one transaction."""
    upload = await read_text_file(file)
    async with database.begin() as session:
        await require_project(session, project_id)
        asset = await add_asset(session, project_id, upload)
        await replace_chunks(session, project_id, asset.asset_id, DEFAULT_CUT)
    return _back_to(project_id)


def _back_to(project_id: int) -> RedirectResponse:
    # 303: a reload of the page must not send the form again
    return RedirectResponse(f"/#project-{project_id}", status.HTTP_303_SEE_OTHER)
