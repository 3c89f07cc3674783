"""what was paid has been sent"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("COMMIT")
    op.execute("ALTER TYPE order_state ADD VALUE IF NOT EXISTS 'sent'")
    op.execute("UPDATE orders SET state = 'sent' WHERE state = 'paid'")


def downgrade() -> None:
    pass
