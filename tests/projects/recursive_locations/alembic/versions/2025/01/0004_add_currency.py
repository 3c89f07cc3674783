"""an invoice has a currency"""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "invoices", sa.Column("currency", sa.String(3), nullable=False, server_default="EUR")
    )


def downgrade() -> None:
    op.drop_column("invoices", "currency")
