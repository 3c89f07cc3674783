"""fill the new column domain, row by row with a progress bar"""

import logging
import warnings

from alembic import op
from tqdm import tqdm
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"

logger = logging.getLogger("shop.migrations")


def upgrade() -> None:
    warnings.warn("accounts.domain will be NOT NULL soon", DeprecationWarning, stacklevel=1)
    op.add_column("accounts", sa.Column("domain", sa.Text))
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, email FROM accounts ORDER BY id")).all()
    for row in tqdm(rows, desc="domains", mininterval=0):
        connection.execute(
            sa.text("UPDATE accounts SET domain = :domain WHERE id = :id"),
            {"id": row.id, "domain": row.email.partition("@")[2]},
        )
    logger.warning("%d accounts have a domain now", len(rows))


def downgrade() -> None:
    op.drop_column("accounts", "domain")
