"""create books

Revision ID: 0001
Revises: 
Create Date: 2026-01-11 09:31:12.141905

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0001'
down_revision: Union[str, Sequence[str], None] = None
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "books",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("isbn", sa.String(13), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO books (isbn, title) VALUES ('9780261102217', 'The Hobbit')")


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table("books")
