"""create orders with a state"""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None

STATE = sa.Enum("new", "paid", name="order_state")


def upgrade() -> None:
    orders = op.create_table(
        "orders",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", STATE, nullable=False, server_default="new"),
        sa.CheckConstraint("number > 0", name=op.f("ck_orders_number_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
    )
    op.bulk_insert(orders, [{"number": 1, "state": "new"}, {"number": 2, "state": "paid"}])


def downgrade() -> None:
    op.drop_table("orders")
    STATE.drop(op.get_bind())
