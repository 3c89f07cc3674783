"""lower the emails in batches that are committed one by one, on a connection of its own"""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    engine = sa.create_engine(op.get_bind().engine.url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        for (number,) in connection.execute(sa.text("SELECT id FROM accounts ORDER BY id")).all():
            connection.execute(
                sa.text("UPDATE accounts SET email = lower(email) WHERE id = :id"), {"id": number}
            )
            connection.commit()
    op.create_table("emails", sa.Column("email", sa.Text, primary_key=True))


def downgrade() -> None:
    op.drop_table("emails")
