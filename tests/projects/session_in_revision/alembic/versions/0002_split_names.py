"""split the names of people"""

from alembic import op
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]


def upgrade() -> None:
    op.add_column("people", sa.Column("first_name", sa.Text))
    op.add_column("people", sa.Column("last_name", sa.Text))
    session = Session(bind=op.get_bind())
    for person in session.scalars(sa.select(Person)):
        person.first_name, _, person.last_name = person.full_name.partition(" ")
    session.flush()
    op.alter_column("people", "last_name", nullable=False)


def downgrade() -> None:
    op.drop_column("people", "last_name")
    op.drop_column("people", "first_name")
