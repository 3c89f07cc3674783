"""create the schemas"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA shop")
    op.execute("CREATE SCHEMA billing")


def downgrade() -> None:
    op.execute("DROP SCHEMA billing")
    op.execute("DROP SCHEMA shop")
