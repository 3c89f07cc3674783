"""Every table of minirag: a model that is not imported here does not exist for Alembic."""

from models.db_schemas.minirag.schemas.asset import Asset
from models.db_schemas.minirag.schemas.datachunk import DataChunk
from models.db_schemas.minirag.schemas.minirag_base import Base
from models.db_schemas.minirag.schemas.project import Project

__all__ = ["Asset", "Base", "DataChunk", "Project"]
