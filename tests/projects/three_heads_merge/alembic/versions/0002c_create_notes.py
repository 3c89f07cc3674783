"""create notes"""

from alembic import op
import sqlalchemy as sa

revision = "0002c"
down_revision = "0001"
branch_labels = ("support",)


def upgrade() -> None:
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("notes")
