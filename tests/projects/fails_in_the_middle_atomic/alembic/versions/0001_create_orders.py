"""create orders"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE orders (id serial PRIMARY KEY, cents bigint NOT NULL, quantity int NOT NULL)"
    )
    op.execute("INSERT INTO orders (cents, quantity) VALUES (900, 3), (700, 0)")


def downgrade() -> None:
    op.drop_table("orders")
