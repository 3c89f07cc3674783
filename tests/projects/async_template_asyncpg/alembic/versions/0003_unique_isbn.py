"""an isbn is unique

Revision ID: 0003
Revises: 0002
Create Date: 2026-03-13 09:33:12.341905

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0003'
down_revision: Union[str, Sequence[str], None] = '0002'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_unique_constraint("books_isbn_key", "books", ["isbn"])
    op.execute("UPDATE books SET title = upper(title)")


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_constraint("books_isbn_key", "books")
