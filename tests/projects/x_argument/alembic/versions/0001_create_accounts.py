"""create accounts"""

from alembic import context, op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    prefix = context.get_x_argument(as_dictionary=True)["prefix"]
    op.create_table(
        prefix + "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
    )


def downgrade() -> None:
    prefix = context.get_x_argument(as_dictionary=True)["prefix"]
    op.drop_table(prefix + "accounts")
