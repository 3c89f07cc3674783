"""A chunk: a piece of an asset's text, as the vector index stores it."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.db_schemas.minirag.schemas.minirag_base import Base, CreatedAt, PublicId, UpdatedAt

if TYPE_CHECKING:
    from models.db_schemas.minirag.schemas.asset import Asset
    from models.db_schemas.minirag.schemas.project import Project


class DataChunk(Base):
    """A piece of an asset's text; `chunk_order` is its place within the asset."""

    __tablename__ = "chunks"

    chunk_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    chunk_uuid: Mapped[PublicId]
    chunk_text: Mapped[str]
    # none_as_null: None means NULL, not the JSON value null.
    chunk_metadata: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    chunk_order: Mapped[int]
    chunk_project_id: Mapped[int] = mapped_column(ForeignKey("projects.project_id"))
    chunk_asset_id: Mapped[int] = mapped_column(ForeignKey("assets.asset_id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    project: Mapped["Project"] = relationship(back_populates="chunks")
    asset: Mapped["Asset"] = relationship(back_populates="chunks")

    __table_args__ = (
        Index("ix_chunk_project_id", "chunk_project_id"),
        Index("ix_chunk_asset_id", "chunk_asset_id"),
    )
