"""add c beside b"""

from alembic import op
import sqlalchemy as sa

revision = "expand2"
down_revision = "expand1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("c", sa.Text))


def downgrade() -> None:
    op.drop_column("accounts", "c")
