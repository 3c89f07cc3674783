"""a column before, an index in, and a column after the autocommit block"""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "orders", sa.Column("paid", sa.Boolean, nullable=False, server_default=sa.false())
    )
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY orders_unpaid ON orders (placed_at) WHERE NOT paid")
        op.execute("ANALYZE orders")
    op.add_column("orders", sa.Column("note", sa.Text))


def downgrade() -> None:
    op.drop_column("orders", "note")
    op.drop_column("orders", "paid")
