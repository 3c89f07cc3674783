"""create accounts"""

from alembic import op
import sqlalchemy as sa

revision = "a001"
down_revision = None
branch_labels = ("accounts",)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("accounts")
