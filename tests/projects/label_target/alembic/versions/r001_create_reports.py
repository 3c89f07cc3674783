"""create reports"""

from alembic import op
import sqlalchemy as sa

revision = "r001"
down_revision = None
branch_labels = ("reporting",)


def upgrade() -> None:
    op.create_table("reports", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("reports")
