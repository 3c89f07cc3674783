"""an account has a country"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("country", sa.String(2), sa.ForeignKey("countries.code")))


def downgrade() -> None:
    op.drop_column("accounts", "country")
