"""an order has a currency"""

from alembic import op
from shop.currencies import CURRENCY
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("orders", sa.Column("currency", sa.Text, server_default=CURRENCY))


def downgrade() -> None:
    op.drop_column("orders", "currency")
