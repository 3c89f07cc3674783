"""accounts"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE accounts (id serial PRIMARY KEY, email text NOT NULL UNIQUE)")


def downgrade() -> None:
    op.execute("DROP TABLE accounts")
