"""create people"""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade() -> None:
    people = op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("full_name", sa.Text, nullable=False),
    )
    op.bulk_insert(people, [{"full_name": "Ada Lovelace"}, {"full_name": "Grace Hopper"}])


def downgrade() -> None:
    op.drop_table("people")
