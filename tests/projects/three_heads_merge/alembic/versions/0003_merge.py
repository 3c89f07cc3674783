"""merge three heads, and join what they made"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = ("0002a", "0002b", "0002c")


def upgrade() -> None:
    op.create_table(
        "parcel_notes",
        sa.Column("parcel_id", sa.Integer, sa.ForeignKey("parcels.id"), primary_key=True),
        sa.Column("note_id", sa.Integer, sa.ForeignKey("notes.id"), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("parcel_notes")
