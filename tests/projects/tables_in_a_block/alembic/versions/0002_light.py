"""a first row"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DELETE FROM settings WHERE key = 'theme'")
    op.execute("INSERT INTO settings VALUES ('theme', 'light')")


def downgrade() -> None:
    op.execute("DELETE FROM settings WHERE key = 'theme'")
