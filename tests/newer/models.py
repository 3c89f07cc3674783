"""The models of version N; its tables are those of base.sql."""

import enum
from typing import Any

from sqlalchemy import BigInteger, Enum, ForeignKey, Identity, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Mood(enum.Enum):
    sad = "sad"
    ok = "ok"
    happy = "happy"


class Base(DeclarativeBase):
    """What the app knows of its tables."""


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    nickname: Mapped[str | None]
    age: Mapped[int | None]
    mood: Mapped[Mood] = mapped_column(Enum(Mood, name="mood"), server_default="ok")
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    orders: Mapped[list["Order"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code: Mapped[str]
    total: Mapped[float] = mapped_column(server_default=text("0"))
    user: Mapped[User] = relationship(back_populates="orders")
    items: Mapped[list["Item"]] = relationship(
        cascade="all, delete-orphan", order_by="Item.id", passive_deletes=True
    )


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    sku: Mapped[str]
    quantity: Mapped[int]


class Setting(Base):
    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str | None]


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str | None]


class Payment(Base):
    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    amount: Mapped[float | None]


USERS, ORDERS, SETTINGS = (
    each.__table__ for each in (User, Order, Setting) if isinstance(each.__table__, Table)
)
