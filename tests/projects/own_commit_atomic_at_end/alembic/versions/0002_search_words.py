"""a table of search words, which readers see at once"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "search_words",
        sa.Column("book_id", sa.Integer, sa.ForeignKey("books.id"), nullable=False),
        sa.Column("word", sa.Text, nullable=False),
    )
    op.get_bind().commit()


def downgrade() -> None:
    op.drop_table("search_words")
