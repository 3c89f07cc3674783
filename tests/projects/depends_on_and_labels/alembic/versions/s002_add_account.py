"""an order belongs to an account, which the branch accounts makes"""

from alembic import op
import sqlalchemy as sa

revision = "s002"
down_revision = "s001"
depends_on = "a001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id")))


def downgrade() -> None:
    op.drop_column("orders", "account_id")
