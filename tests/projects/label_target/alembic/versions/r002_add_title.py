"""a report has a title"""

from alembic import op
import sqlalchemy as sa

revision = "r002"
down_revision = "r001"


def upgrade() -> None:
    op.add_column("reports", sa.Column("title", sa.Text))


def downgrade() -> None:
    op.drop_column("reports", "title")
