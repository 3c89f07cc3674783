"""create orders"""

from alembic import op
import sqlalchemy as sa

revision = "expand3"
down_revision = "expand2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("orders")
