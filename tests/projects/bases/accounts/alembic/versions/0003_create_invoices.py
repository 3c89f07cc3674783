"""create invoices"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("cents", sa.BigInteger, sa.CheckConstraint("cents > 0"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("invoices")
