"""fill emails on a connection of its own, made from the URL as text"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    url = op.get_bind().engine.url.render_as_string(hide_password=False)
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("INSERT INTO emails SELECT email FROM accounts"))
    op.create_unique_constraint("accounts_email", "accounts", ["email"])


def downgrade() -> None:
    op.drop_constraint("accounts_email", "accounts")
