"""Invoices are due.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("invoices", sa.Column("due", sa.Date))
    op.create_index("ix_invoices_due", "invoices", ["due"])


def downgrade() -> None:
    op.drop_index("ix_invoices_due", "invoices")
    op.drop_column("invoices", "due")
