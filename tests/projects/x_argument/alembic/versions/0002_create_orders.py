"""create orders"""

from alembic import context, op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    prefix = context.get_x_argument(as_dictionary=True)["prefix"]
    op.create_table(
        prefix + "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey(prefix + "accounts.id"), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    )


def downgrade() -> None:
    prefix = context.get_x_argument(as_dictionary=True)["prefix"]
    op.drop_table(prefix + "orders")
