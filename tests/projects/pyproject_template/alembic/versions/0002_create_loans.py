"""create loans

Revision ID: 0002
Revises: 0001
Create Date: 2026-02-12 09:32:12.241905

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0002'
down_revision: Union[str, Sequence[str], None] = '0001'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("book_id", sa.Integer, sa.ForeignKey("books.id"), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table("loans")
