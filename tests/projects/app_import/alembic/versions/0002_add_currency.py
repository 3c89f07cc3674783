"""an account has a currency: the application's for those that are there"""

from alembic import op
from shop.settings import settings
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column(
            "currency", sa.String, server_default=settings.default_currency, nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("accounts", "currency")
