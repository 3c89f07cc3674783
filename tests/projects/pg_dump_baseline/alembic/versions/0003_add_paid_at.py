"""an order knows when it was paid"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("orders", sa.Column("paid_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("orders", "paid_at")
