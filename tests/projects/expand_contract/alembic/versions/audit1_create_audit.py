"""a history of its own, which needs the middle of another branch"""

from alembic import op
import sqlalchemy as sa

revision = "audit1"
down_revision = None
branch_labels = ("audit",)
depends_on = ("expand1", "contract1")


def upgrade() -> None:
    op.create_table("audit", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("audit")
