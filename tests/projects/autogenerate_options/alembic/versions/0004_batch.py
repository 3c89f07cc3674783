"""an order has a total, and an account a name"""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.add_column(sa.Column("cents", sa.BigInteger, server_default="0", nullable=False))
        batch_op.create_check_constraint("cents_not_negative", "cents >= 0")

    with op.batch_alter_table("accounts", recreate="never") as batch_op:
        batch_op.alter_column("email", new_column_name="login")


def downgrade() -> None:
    with op.batch_alter_table("accounts", recreate="never") as batch_op:
        batch_op.alter_column("login", new_column_name="email")

    with op.batch_alter_table("orders") as batch_op:
        batch_op.drop_column("cents")
