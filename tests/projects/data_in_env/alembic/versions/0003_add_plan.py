"""an account has a plan"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("plan", sa.Text, sa.ForeignKey("plans.name")))


def downgrade() -> None:
    op.drop_column("accounts", "plan")
