"""create sensors"""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "sensors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.bulk_insert(
        sa.table("sensors", sa.column("id", sa.Integer), sa.column("name", sa.Text)),
        [{"id": 1, "name": "roof"}, {"id": 2, "name": "cellar"}],
    )


def downgrade() -> None:
    op.drop_table("sensors")
