"""create items"""

import sqlalchemy as sa

from alembic import op
from app.core.config import settings

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("owner_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, server_default=settings.PROJECT_NAME),
    )


def downgrade() -> None:
    op.drop_table("items")
