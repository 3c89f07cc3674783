"""How long lists are answered: a part of the rows, and how many there are."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

Item = TypeVar("Item")


class Listing(BaseModel, Generic[Item]):
    """Some of `total` items, in order."""

    total: int
    items: list[Item]


class Part(BaseModel):
    """Which part of a list is asked for."""

    limit: int = Field(50, ge=1, le=200)
    offset: int = Field(0, ge=0, le=2**31 - 1)


Asked = Annotated[Part, Query()]
"""A route's parameter: ?limit=&offset="""


async def read_part(
    session: AsyncSession, query: Select[*tuple[Any, ...]], part: Part
) -> tuple[int, Sequence[Row[*tuple[Any, ...]]]]:
    """How many rows the query has, and those of the part."""
    total = await session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    rows = await session.execute(query.limit(part.limit).offset(part.offset))
    return total or 0, rows.all()
