"""create coupons"""

from alembic import op
import sqlalchemy as sa

revision = "0002a"
down_revision = "0001"
branch_labels = ("sales",)


def upgrade() -> None:
    op.create_table("coupons", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("coupons")
