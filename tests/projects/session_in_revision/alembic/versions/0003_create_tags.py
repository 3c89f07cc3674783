"""create tags, one for each person"""

from alembic import op
from sqlalchemy.orm import Session
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
    )
    with Session(bind=op.get_bind()) as session:
        for (number,) in session.execute(sa.text("SELECT id FROM people ORDER BY id")).all():
            session.execute(
                sa.text("INSERT INTO tags (person_id, label) VALUES (:id, 'imported')"),
                {"id": number},
            )


def downgrade() -> None:
    op.drop_table("tags")
