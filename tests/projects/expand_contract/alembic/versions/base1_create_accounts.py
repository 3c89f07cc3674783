"""create accounts"""

from alembic import op
import sqlalchemy as sa

revision = "base1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("accounts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))


def downgrade() -> None:
    op.drop_table("accounts")
