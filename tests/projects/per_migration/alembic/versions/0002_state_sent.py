"""an order can be sent"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TYPE order_state ADD VALUE IF NOT EXISTS 'sent'")


def downgrade() -> None:
    pass
