"""create orders"""

from alembic import op
import sqlalchemy as sa

revision = "s001"
down_revision = None
branch_labels = ("shop",)


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    )


def downgrade() -> None:
    op.drop_table("orders")
