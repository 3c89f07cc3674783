"""add b beside a"""

from alembic import op
import sqlalchemy as sa

revision = "expand1"
down_revision = "base1"
branch_labels = ("expand",)
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("b", sa.Text))


def downgrade() -> None:
    op.drop_column("accounts", "b")
