"""an index of what was sent: needs the new value to be committed"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX orders_sent ON orders (id) WHERE state = 'sent'")


def downgrade() -> None:
    op.execute("DROP INDEX orders_sent")
