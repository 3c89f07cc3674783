"""create accounts"""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    accounts = op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
    )

    op.bulk_insert(
        accounts, [{"id": 1, "email": "ann@example.org"}, {"id": 2, "email": "it's@ben"}]
    )


def downgrade() -> None:
    op.drop_table("accounts")
