"""create books"""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("isbn", sa.String(13), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO books (isbn, title) VALUES ('9780261102217', 'The Hobbit')")


def downgrade() -> None:
    op.drop_table("books")
