"""orders"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE orders (
            id serial PRIMARY KEY,
            account_id integer NOT NULL REFERENCES accounts,
            state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'paid', 'sent'))
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE orders")
