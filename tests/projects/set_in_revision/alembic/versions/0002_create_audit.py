"""create the schema audit; from here on it is where tables go"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE SCHEMA audit")
    op.execute("SET search_path TO audit")
    op.create_table("logins", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.execute("DROP SCHEMA audit CASCADE")
