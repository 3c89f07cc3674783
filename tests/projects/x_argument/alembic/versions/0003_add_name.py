"""an account has a name"""

from alembic import context, op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    prefix = context.get_x_argument(as_dictionary=True)["prefix"]
    op.add_column(prefix + "accounts", sa.Column("name", sa.Text))


def downgrade() -> None:
    prefix = context.get_x_argument(as_dictionary=True)["prefix"]
    op.drop_column(prefix + "accounts", "name")
