"""create accounts, and their audit"""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade(engine_name: str) -> None:
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name: str) -> None:
    globals()["downgrade_%s" % engine_name]()


def upgrade_engine1() -> None:
    op.create_table("accounts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.Text))


def downgrade_engine1() -> None:
    op.drop_table("accounts")


def upgrade_engine2() -> None:
    op.create_table("account_audit", sa.Column("id", sa.Integer, primary_key=True), sa.Column("what", sa.Text))


def downgrade_engine2() -> None:
    op.drop_table("account_audit")
