"""create projects

Revision ID: e4a9c8f3c28f
Revises:
Create Date: 2026-11-24 02:14:24.178357
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e4a9c8f3c28f"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """From the revision before to this one."""
    op.create_table(
        "projects",
        sa.Column("project_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("project_id", name=op.f("projects_pkey")),
        sa.UniqueConstraint("project_uuid", name=op.f("projects_project_uuid_key")),
    )


def downgrade() -> None:
    """Back from this revision to the one before; the data in what is dropped is lost."""
    op.drop_table("projects")
