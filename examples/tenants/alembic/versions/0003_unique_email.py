"""A customer has an e-mail address of its own: where two share one, a person has to decide.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_unique_constraint("customers_email_key", "customers", ["email"])


def downgrade() -> None:
    op.drop_constraint("customers_email_key", "customers")
