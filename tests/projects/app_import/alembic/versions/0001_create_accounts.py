"""create accounts"""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String, nullable=False, unique=True),
    )
    op.execute("INSERT INTO accounts (email) VALUES ('ann@example.org'), ('bob@example.org')")


def downgrade() -> None:
    op.drop_table("accounts")
