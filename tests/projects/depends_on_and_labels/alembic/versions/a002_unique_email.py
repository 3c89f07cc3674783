"""an email belongs to one account"""

from alembic import op

revision = "a002"
down_revision = "a001"


def upgrade() -> None:
    op.create_unique_constraint("accounts_email", "accounts", ["email"])


def downgrade() -> None:
    op.drop_constraint("accounts_email", "accounts")
