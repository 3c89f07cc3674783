"""create accounts"""

from alembic import context, op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"

SCHEMA = context.get_x_argument(as_dictionary=True)["schema"]


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("accounts", schema=SCHEMA)
