"""create parcels; the type carrier is there already"""

from alembic import op
from sqlalchemy.dialects import postgresql
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "parcels",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("order_id", sa.Integer, nullable=False),
        sa.Column("carrier", postgresql.ENUM(name="carrier", create_type=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_parcels_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
    )
    op.alter_column("orders", "state", server_default="sent")


def downgrade() -> None:
    op.alter_column("orders", "state", server_default="new")
    op.drop_table("parcels")
