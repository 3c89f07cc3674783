"""add isbn to books

Revision ID: 46ffd3e92dd5
Revises: fb98fb6df3df
Create Date: 2026-11-26 14:43:59.188027

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "46ffd3e92dd5"
down_revision: Union[str, Sequence[str], None] = "fb98fb6df3df"
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column("books", sa.Column("isbn", sa.String(13)))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column("books", "isbn")
