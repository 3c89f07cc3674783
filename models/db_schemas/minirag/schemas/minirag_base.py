"""What all minirag models share: the declarative base and the columns that recur.

No table is defined here.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from sqlalchemy import DateTime, MetaData, func
from sqlalchemy.orm import DeclarativeBase, mapped_column

# The names that PostgreSQL itself gives. Written down, so that autogenerate can drop a constraint
# by name, and so that a database made by hand has the same names as a migrated one.
CONSTRAINT_NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
}


class Base(DeclarativeBase):
    """The base of every minirag model; its metadata is what Alembic compares with."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


PublicId = Annotated[UUID, mapped_column(unique=True, default=uuid4)]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
UpdatedAt = Annotated[datetime | None, mapped_column(DateTime(timezone=True), onupdate=func.now())]
