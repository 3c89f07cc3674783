"""an order has a currency"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    from shop.settings import Settings

    op.add_column("orders", sa.Column("currency", sa.Text, server_default=Settings().currency))


def downgrade() -> None:
    op.drop_column("orders", "currency")
