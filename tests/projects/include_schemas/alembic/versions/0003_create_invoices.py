"""create invoices"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("order_id", sa.Integer, sa.ForeignKey("shop.orders.id"), nullable=False),
        schema="billing",
    )
    op.create_index("invoices_order", "invoices", ["order_id"], schema="billing")


def downgrade() -> None:
    op.drop_table("invoices", schema="billing")
