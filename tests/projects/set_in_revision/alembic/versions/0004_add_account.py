"""a login belongs to an account"""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "logins", sa.Column("account_id", sa.Integer, sa.ForeignKey("public.accounts.id"))
    )


def downgrade() -> None:
    op.drop_column("logins", "account_id", schema="audit")
