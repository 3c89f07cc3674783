"""drop b, when c is there"""

from alembic import op
import sqlalchemy as sa

revision = "contract2"
down_revision = "contract1"
branch_labels = None
depends_on = "expand2"


def upgrade() -> None:
    op.drop_column("accounts", "b")


def downgrade() -> None:
    op.add_column("accounts", sa.Column("b", sa.Text))
