"""create orders"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade(engine_name: str) -> None:
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name: str) -> None:
    globals()["downgrade_%s" % engine_name]()


def upgrade_engine1() -> None:
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("label", sa.Text))


def downgrade_engine1() -> None:
    op.drop_table("orders")


def upgrade_engine2() -> None:
    pass


def downgrade_engine2() -> None:
    pass
