"""drop a, when b is there"""

from alembic import op
import sqlalchemy as sa

revision = "contract1"
down_revision = "base1"
branch_labels = ("contract",)
depends_on = "expand1"


def upgrade() -> None:
    op.drop_column("accounts", "a")


def downgrade() -> None:
    op.add_column("accounts", sa.Column("a", sa.Text))
