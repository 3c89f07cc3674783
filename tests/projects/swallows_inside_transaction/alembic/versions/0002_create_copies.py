"""create copies, one of each book for a start"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "copies",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("book_id", sa.Integer, sa.ForeignKey("books.id"), nullable=False),
        sa.Column("shelf", sa.Text, nullable=False),
    )
    raise LookupError("nobody knows which shelves there are")


def downgrade() -> None:
    op.drop_table("copies")
