"""a view of open orders"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX orders_state ON orders (state)")
    op.execute("CREATE VIEW open_orders AS SELECT * FROM orders WHERE state <> 'sent'")


def downgrade() -> None:
    op.execute("DROP VIEW open_orders")
    op.execute("DROP INDEX orders_state")
