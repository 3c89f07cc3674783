"""create chunks

Revision ID: 152ce5a49348
Revises: 05572d91c071
Create Date: 2026-11-24 02:14:28.081034
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "152ce5a49348"
down_revision: str | Sequence[str] | None = "05572d91c071"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """From the revision before to this one."""
    op.create_table(
        "chunks",
        sa.Column("chunk_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("chunk_uuid", sa.Uuid(), nullable=False),
        sa.Column("chunk_text", sa.String(), nullable=False),
        sa.Column(
            "chunk_metadata",
            postgresql.JSONB(),
            nullable=True,
        ),
        sa.Column("chunk_order", sa.Integer(), nullable=False),
        sa.Column("chunk_project_id", sa.Integer(), nullable=False),
        sa.Column("chunk_asset_id", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["chunk_asset_id"], ["assets.asset_id"], name=op.f("chunks_chunk_asset_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["chunk_project_id"], ["projects.project_id"], name=op.f("chunks_chunk_project_id_fkey")
        ),
        sa.PrimaryKeyConstraint("chunk_id", name=op.f("chunks_pkey")),
        sa.UniqueConstraint("chunk_uuid", name=op.f("chunks_chunk_uuid_key")),
    )
    op.create_index("ix_chunk_asset_id", "chunks", ["chunk_asset_id"], unique=False)
    op.create_index("ix_chunk_project_id", "chunks", ["chunk_project_id"], unique=False)


def downgrade() -> None:
    """Back from this revision to the one before; the data in what is dropped is lost."""
    op.drop_index("ix_chunk_project_id", table_name="chunks")
    op.drop_index("ix_chunk_asset_id", table_name="chunks")
    op.drop_table("chunks")
