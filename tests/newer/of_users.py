"""What the app does with its users and their orders, mostly by SQLAlchemy's ORM and Core."""

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, joinedload, selectinload

from tests.newer.models import ORDERS, SETTINGS, USERS, Item, Mood, Order, User
from tests.newer.registry import rows, statement


@statement
def insert_a_user(session: Session) -> object:
    user = User(email="new@x", name="New")
    session.add(user)
    session.flush()
    session.expire(user)
    return user.email, user.name, user.mood


@statement
def insert_a_full_user(session: Session) -> object:
    user = User(
        email="new@x", name="N" * 50, nickname="n", age=4, mood=Mood.sad, tags=["x"], details={}
    )
    session.add(user)
    session.flush()
    session.expire(user)
    return user.name, user.nickname, user.age, user.mood, user.tags, user.details


@statement
def insert_many_returning(session: Session) -> object:
    users = [User(email=f"u{n}@x", name=f"u{n}", age=n) for n in range(1, 6)]
    session.add_all(users)
    session.flush()
    return [each.id > 4 for each in users]


@statement
def insert_by_core_returning(session: Session) -> object:
    values = [{"email": "p@x", "name": "P"}, {"email": "q@x", "name": "Q"}]
    result = session.execute(insert(USERS).returning(USERS.c.email, USERS.c.name), values)
    return sorted(tuple(row) for row in result)


@statement
def insert_an_order_with_items(session: Session) -> object:
    order = Order(user_id=2, code="new", items=[Item(sku="pen", quantity=1)])
    session.add(order)
    session.flush()
    session.expire(order)
    return order.code, [(each.sku, each.quantity) for each in order.items]


@statement
def insert_from_a_select(session: Session) -> object:
    return rows(
        session,
        "INSERT INTO orders (user_id, code) SELECT id, 'gift' FROM users WHERE id <= 4"
        " RETURNING user_id, code",
    )


@statement
def insert_what_was_deleted(session: Session) -> object:
    sql = (
        "INSERT INTO users (email, name, nickname, deleted_at) VALUES ('g@x', 'G', 'a', now())"
        " RETURNING nickname"
    )
    return rows(session, sql)


@statement
def upsert_by_columns(session: Session) -> object:
    made = upsert(USERS).values(email="ann@x", name="Anna")
    done = made.on_conflict_do_update(index_elements=["email"], set_={"name": "Anna"})
    return tuple(session.execute(done.returning(USERS.c.id, USERS.c.name)).one())


@statement
def upsert_by_the_constraints_name(session: Session) -> object:
    made = upsert(ORDERS).values(user_id=1, code="one", total=7)
    done = made.on_conflict_do_update(constraint="orders_user_code", set_={"total": 7})
    return session.execute(done.returning(ORDERS.c.id)).scalar_one()


@statement
def upsert_by_a_partial_index(session: Session) -> object:
    return rows(
        session,
        "INSERT INTO users (email, name, nickname) VALUES ('z@x', 'Z', 'a')"
        " ON CONFLICT (nickname) WHERE deleted_at IS NULL DO UPDATE SET age = 31 RETURNING id",
    )


@statement
def upsert_doing_nothing(session: Session) -> object:
    done = upsert(USERS).values(email="ann@x", name="Anna").on_conflict_do_nothing()
    return session.execute(done.returning(USERS.c.id)).all()


@statement
def upsert_settings(session: Session) -> object:
    made = upsert(SETTINGS).values([{"key": "theme", "value": "x"}, {"key": "n", "value": "y"}])
    done = made.on_conflict_do_update(
        index_elements=["key"], set_={"value": made.excluded["value"]}
    )
    return len(session.execute(done.returning(SETTINGS.c.key)).all())


@statement
def select_a_user(session: Session) -> object:
    user = session.get_one(User, 1)
    return user.email, user.name, user.age, user.mood, user.tags, user.details


@statement
def read_every_user(session: Session) -> object:
    """What the models promise is there: a name, and a mood that the app knows."""
    users = session.scalars(select(User)).all()
    return all(each.name.upper() and each.mood in Mood for each in users)


@statement
def joins(session: Session) -> object:
    query = (
        select(User.name, Order.code, Item.sku)
        .join(User.orders)
        .join(Order.items)
        .where(User.id == 1)
        .order_by(Item.sku)
    )
    return [tuple(row) for row in session.execute(query)]


@statement
def eager_loading(session: Session) -> object:
    orders = session.scalars(
        select(Order).options(joinedload(Order.user)).where(Order.id == 1)
    ).one()
    user = session.scalars(
        select(User)
        .options(selectinload(User.orders).selectinload(Order.items))
        .where(User.id == 1)
    ).one()
    return orders.user.name, [(each.code, len(each.items)) for each in user.orders]


@statement
def count_and_group(session: Session) -> object:
    query = select(Order.user_id, func.count()).where(Order.user_id < 3).group_by(Order.user_id)
    return sorted(tuple(row) for row in session.execute(query))


@statement
def update_by_the_orm(session: Session) -> object:
    user = session.get_one(User, 2)
    user.name, user.mood, user.email = "Robert", Mood.ok, "robert@x"
    session.flush()
    session.expire(user)
    return user.name, user.mood, user.email


@statement
def update_many_by_key(session: Session) -> object:
    session.execute(update(User), [{"id": n, "name": f"n{n}"} for n in (1, 2, 3)])
    return sorted(session.scalars(select(User.name).where(User.id.in_([1, 2, 3]))))


@statement
def update_by_core_returning(session: Session) -> object:
    done = update(USERS).where(USERS.c.id <= 4).values(age=33).returning(USERS.c.id)
    return sorted(session.scalars(done))


@statement
def update_money(session: Session) -> object:
    return rows(session, "UPDATE orders SET total = total + 1 WHERE id = 1 RETURNING total")


@statement
def update_a_nickname(session: Session) -> object:
    return rows(session, "UPDATE users SET nickname = NULL WHERE id = 1 RETURNING nickname")


@statement
def delete_a_user_with_orders(session: Session) -> object:
    session.delete(session.get_one(User, 2))
    session.flush()
    return rows(session, "SELECT count(*) FROM orders WHERE user_id = 2")


@statement
def delete_orders_by_core(session: Session) -> object:
    return sorted(session.scalars(delete(ORDERS).where(ORDERS.c.id <= 3).returning(ORDERS.c.id)))
