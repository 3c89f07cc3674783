"""An asset: a file, or another source of text, in a project."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.db_schemas.minirag.schemas.minirag_base import Base, CreatedAt, PublicId, UpdatedAt

if TYPE_CHECKING:
    from models.db_schemas.minirag.schemas.datachunk import DataChunk
    from models.db_schemas.minirag.schemas.project import Project


class Asset(Base):
    """A file, or another source of text, that belongs to one project."""

    __tablename__ = "assets"

    asset_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    asset_uuid: Mapped[PublicId]
    asset_type: Mapped[str]
    asset_name: Mapped[str]
    asset_size: Mapped[int]
    # none_as_null: None means NULL, not the JSON value null.
    asset_config: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asset_project_id: Mapped[int] = mapped_column(ForeignKey("projects.project_id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    project: Mapped["Project"] = relationship(back_populates="assets")
    chunks: Mapped[list["DataChunk"]] = relationship(back_populates="asset")

    __table_args__ = (
        Index("ix_asset_project_id", "asset_project_id"),
        Index("ix_asset_type", "asset_type"),
    )
