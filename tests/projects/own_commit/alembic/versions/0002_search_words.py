"""copy the books' titles into a search table, in portions that are committed"""

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
    connection = op.get_bind()
    connection.commit()  # readers see the table while it is filled
    op.execute(
        "INSERT INTO search_words SELECT id, regexp_split_to_table(lower(title), ' ') FROM books"
    )
    op.create_index("search_words_word", "search_words", ["word"])


def downgrade() -> None:
    op.drop_table("search_words")
