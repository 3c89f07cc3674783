"""what one piece costs; somebody ordered none"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table("prices", sa.Column("cents", sa.BigInteger, primary_key=True))
    op.add_column("orders", sa.Column("unit_cents", sa.BigInteger))
    op.execute("UPDATE orders SET unit_cents = cents / quantity")


def downgrade() -> None:
    op.drop_column("orders", "unit_cents")
    op.drop_table("prices")
