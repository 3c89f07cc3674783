"""create orders"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        schema="shop",
    )


def downgrade() -> None:
    op.drop_table("orders", schema="shop")
