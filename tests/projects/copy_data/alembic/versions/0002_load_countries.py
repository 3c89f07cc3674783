"""create countries and load them from countries.csv"""

from pathlib import Path

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"

COUNTRIES = Path(__file__).parent / "data" / "countries.csv"


def upgrade() -> None:
    op.create_table(
        "countries",
        sa.Column("code", sa.String(2), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    with COUNTRIES.open(encoding="utf-8") as file, op.get_bind().connection.cursor() as cursor:
        cursor.copy_expert("COPY countries (code, name) FROM STDIN WITH (FORMAT csv, HEADER)", file)


def downgrade() -> None:
    op.drop_table("countries")
