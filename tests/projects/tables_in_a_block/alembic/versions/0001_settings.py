"""settings, where there is no such table yet"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # CREATE TABLE IF NOT EXISTS says NOTICE each time
    op.execute(
        "DO $$ BEGIN IF to_regclass('settings') IS NULL THEN"
        " CREATE TABLE settings (key text PRIMARY KEY, value text); END IF; END $$"
    )


def downgrade() -> None:
    op.drop_table("settings")
