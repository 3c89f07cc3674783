"""create orders with a state"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TYPE order_state AS ENUM ('new', 'paid')")
    op.execute(
        "CREATE TABLE orders (id serial PRIMARY KEY, state order_state NOT NULL DEFAULT 'new')"
    )
    op.execute("INSERT INTO orders (state) VALUES ('new'), ('paid')")


def downgrade() -> None:
    op.execute("DROP TABLE orders")
    op.execute("DROP TYPE order_state")
