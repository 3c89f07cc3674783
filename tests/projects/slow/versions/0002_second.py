"""A table, then SLOW_SECONDS (4) in SLOW_IN: the server (`statement`) or the script (`python`)."""

import os
import time

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    seconds = float(os.environ.get("SLOW_SECONDS", "4"))
    op.create_table("second", sa.Column("id", sa.Integer, primary_key=True))
    if os.environ.get("SLOW_IN") == "python":
        time.sleep(seconds)
    else:
        op.execute(f"SELECT pg_sleep({seconds})")


def downgrade() -> None:
    op.drop_table("second")
