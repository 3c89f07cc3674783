"""an order has a currency"""

from alembic import op
from shop.settings import Settings
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"

settings = Settings()


def upgrade() -> None:
    op.add_column("orders", sa.Column("currency", sa.Text, server_default=settings.currency))


def downgrade() -> None:
    op.drop_column("orders", "currency")
