"""what was paid has been sent"""

from alembic import op
from sqlalchemy.dialects import postgresql
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"

CARRIER = postgresql.ENUM("bike", "van", name="carrier")


def upgrade() -> None:
    op.execute("UPDATE orders SET state = 'sent' WHERE state = 'paid'")
    CARRIER.create(op.get_bind(), checkfirst=True)
    op.add_column("orders", sa.Column("carrier", CARRIER, nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "carrier")
    CARRIER.drop(op.get_bind())
