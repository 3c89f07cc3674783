"""create assets

Revision ID: 05572d91c071
Revises: e4a9c8f3c28f
Create Date: 2026-11-24 02:14:26.103626
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "05572d91c071"
down_revision: str | Sequence[str] | None = "e4a9c8f3c28f"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """From the revision before to this one."""
    op.create_table(
        "assets",
        sa.Column("asset_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("asset_uuid", sa.Uuid(), nullable=False),
        sa.Column("asset_type", sa.String(), nullable=False),
        sa.Column("asset_name", sa.String(), nullable=False),
        sa.Column("asset_size", sa.Integer(), nullable=False),
        sa.Column(
            "asset_config",
            postgresql.JSONB(),
            nullable=True,
        ),
        sa.Column("asset_project_id", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_project_id"], ["projects.project_id"], name=op.f("assets_asset_project_id_fkey")
        ),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("assets_pkey")),
        sa.UniqueConstraint("asset_uuid", name=op.f("assets_asset_uuid_key")),
    )
    op.create_index("ix_asset_project_id", "assets", ["asset_project_id"], unique=False)
    op.create_index("ix_asset_type", "assets", ["asset_type"], unique=False)


def downgrade() -> None:
    """Back from this revision to the one before; the data in what is dropped is lost."""
    op.drop_index("ix_asset_type", table_name="assets")
    op.drop_index("ix_asset_project_id", table_name="assets")
    op.drop_table("assets")
