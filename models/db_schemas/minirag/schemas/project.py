"""A project: what a user uploads assets into."""

from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.db_schemas.minirag.schemas.minirag_base import Base, CreatedAt, PublicId, UpdatedAt

if TYPE_CHECKING:
    from models.db_schemas.minirag.schemas.asset import Asset
    from models.db_schemas.minirag.schemas.datachunk import DataChunk


class Project(Base):
    """A collection of assets and of the chunks cut from them."""

    __tablename__ = "projects"

    project_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    project_uuid: Mapped[PublicId]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    assets: Mapped[list["Asset"]] = relationship(back_populates="project")
    chunks: Mapped[list["DataChunk"]] = relationship(back_populates="project")
