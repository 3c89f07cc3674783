"""create rates and load them"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "rates",
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("rate", sa.Numeric, nullable=False),
    )
    op.get_bind().commit()  # so that the table is there even when the rates are not
    raise LookupError("the bank knows no rates today")


def downgrade() -> None:
    op.drop_table("rates")
