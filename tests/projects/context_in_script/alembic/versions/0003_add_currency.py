"""an account has a currency"""

from alembic import context, op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"

SCHEMA = context.get_x_argument(as_dictionary=True)["schema"]
CURRENCY = context.config.get_main_option("currency")


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("currency", sa.Text, server_default=CURRENCY), schema=SCHEMA
    )


def downgrade() -> None:
    op.drop_column("accounts", "currency", schema=SCHEMA)
