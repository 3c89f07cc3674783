"""create the schema"""

from alembic import context, op

revision = "0001"
down_revision = None

SCHEMA = context.get_x_argument(as_dictionary=True)["schema"]


def upgrade() -> None:
    op.execute(f"CREATE SCHEMA {SCHEMA}")


def downgrade() -> None:
    op.execute(f"DROP SCHEMA {SCHEMA}")
