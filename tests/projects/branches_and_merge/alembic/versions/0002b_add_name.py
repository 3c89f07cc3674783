"""an account has a name"""

from alembic import op
import sqlalchemy as sa

revision = "0002b"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("name", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("accounts", "name")
