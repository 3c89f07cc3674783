"""create loans"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("book_id", sa.Integer, sa.ForeignKey("books.id"), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("loans")
