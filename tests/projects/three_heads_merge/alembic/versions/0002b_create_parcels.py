"""create parcels"""

from alembic import op
import sqlalchemy as sa

revision = "0002b"
down_revision = "0001"
branch_labels = ("shipping",)


def upgrade() -> None:
    op.create_table("parcels", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("parcels")
