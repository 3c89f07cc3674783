"""an account has a domain; filled here, or by one statement where SQL is only printed"""

from alembic import context, op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("domain", sa.Text))
    if context.is_offline_mode():
        op.execute("UPDATE accounts SET domain = split_part(email, '@', 2)")
    else:
        connection = op.get_bind()
        for row in connection.execute(sa.text("SELECT id, email FROM accounts")).all():
            connection.execute(
                sa.text("UPDATE accounts SET domain = :domain WHERE id = :id"),
                {"domain": row.email.partition("@")[2], "id": row.id},
            )
    op.alter_column("accounts", "domain", nullable=False)


def downgrade() -> None:
    op.drop_column("accounts", "domain")
