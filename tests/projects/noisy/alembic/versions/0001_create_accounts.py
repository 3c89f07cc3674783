"""create accounts"""

import sys

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    print("creating accounts ...")
    print("a word to stderr, without an end of line", end="", file=sys.stderr)

    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
    )

    op.execute(
        "INSERT INTO accounts SELECT n, 'user' || n || '@example.org' FROM generate_series(1, 40) n"
    )


def downgrade() -> None:
    op.drop_table("accounts")
