"""an account has a currency: euros for those that are there"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column("currency", sa.String, server_default="EUR", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("accounts", "currency")
