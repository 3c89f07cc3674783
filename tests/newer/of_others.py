"""What the app does with everything else: functions, views, partitions, COPY."""

import io
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from tests.newer.models import Note, Order, Payment
from tests.newer.registry import rows, statement


@statement
def delete_a_setting(session: Session) -> object:
    return rows(session, "DELETE FROM settings WHERE key = 'size' RETURNING key")


@statement
def delete_a_group(session: Session) -> object:
    return rows(session, "DELETE FROM \"group\" WHERE title = 'guests' RETURNING title")


@statement
def rename_a_group(session: Session) -> object:
    sql = "UPDATE \"group\" SET title = 'crew' WHERE title = 'staff' RETURNING title"
    return rows(session, sql)


@statement
def insert_a_group(session: Session) -> object:
    return rows(session, "INSERT INTO \"group\" (title) VALUES ('new') RETURNING title")


@statement
def a_note_and_its_history(session: Session) -> object:
    note = session.get_one(Note, 1)
    note.body = "other"
    session.flush()
    return rows(session, "SELECT title FROM notes_history")


@statement
def a_payment_and_its_trigger(session: Session) -> object:
    payment = Payment(user_id=1, order_id=1, amount=1)
    session.add(payment)
    session.flush()
    session.expire(payment)
    return payment.amount, rows(session, "SELECT user_id, what FROM log")


@statement
def update_a_payment(session: Session) -> object:
    return rows(session, "UPDATE payments SET amount = 3 WHERE id = 1 RETURNING amount")


@statement
def constraints_by_name(session: Session) -> object:
    session.execute(text("SET CONSTRAINTS payments_order DEFERRED"))
    sql = "INSERT INTO payments (user_id, order_id) VALUES (1, 1) RETURNING order_id"
    return rows(session, sql)


@statement
def call_functions(session: Session) -> object:
    return rows(session, "SELECT slug('My Title'), points(1, 2), spent(1), lower('ABC')")


@statement
def call_with_values(session: Session) -> object:
    query = select(func.slug("My Title"), func.points(1, 2), func.upper("abc"))
    return tuple(session.execute(query).one())


@statement
def call_functions_ofrows(session: Session) -> object:
    first = rows(session, "SELECT number, caption FROM group_titles(1) ORDER BY number")
    second = rows(session, "SELECT notes.id, notes.title FROM notes_titled('first') AS notes")
    return first, second, rows(session, "SELECT u.display_name FROM users u WHERE u.id = 1")


@statement
def read_views(session: Session) -> object:
    adults = rows(session, "SELECT id, name FROM adults WHERE id < 4 ORDER BY id")
    return adults, rows(session, "SELECT mood::text, number FROM moods ORDER BY mood")


@statement
def partitions(session: Session) -> object:
    for day in ("2025-02-02", "2026-02-02"):
        session.execute(text(f"INSERT INTO events (at, kind) VALUES ('{day}', 'x')"))
    session.execute(text("UPDATE events SET count = 5 WHERE kind = 'x'"))
    session.execute(text("DELETE FROM events WHERE kind = 'x' AND at < '2026-01-01'"))
    return rows(session, "SELECT kind, count FROM events ORDER BY at, count")


@statement
def inheritance(session: Session) -> object:
    session.execute(text("INSERT INTO animals (name) VALUES ('Kit')"))
    session.execute(text("INSERT INTO dogs (name, breed) VALUES ('Bud', 'pug')"))
    return rows(session, "SELECT name FROM animals ORDER BY name")


@statement
def a_booking(session: Session) -> object:
    sql = "INSERT INTO bookings (room, during) VALUES (2, '[2026-01-01,2026-01-05)') RETURNING room"
    return rows(session, sql)


@statement
def write_the_log(session: Session) -> object:
    session.execute(text("INSERT INTO log (user_id, what) VALUES (1, 'x'), (2, 'y')"))
    session.execute(text("UPDATE log SET what = 'z' WHERE user_id = 1"))
    return rows(session, "DELETE FROM log WHERE user_id IN (1, 2) RETURNING user_id, what")


@statement
def select_for_update(session: Session) -> object:
    query = select(Order.code).where(Order.id == 1).with_for_update()
    return session.scalars(query).one()


@statement
def next_number(session: Session) -> object:
    return rows(session, "SELECT nextval('ticket_numbers') > 0")


@statement
def copy_with_columns(session: Session) -> object:
    records: Sequence[tuple[str, str]] = [("v@x", "V"), ("w@x", "W")]
    connection = session.connection().connection
    raw: Any = connection.driver_connection
    session.execute(text("SELECT 1"))  # asyncpg begins with the first statement
    if hasattr(raw, "copy_records_to_table"):
        columns = ["email", "name"]
        await_only(raw.copy_records_to_table("users", records=records, columns=columns))
    else:
        _copy(raw, "".join(f"{email}\t{name}\n" for email, name in records))
    return rows(session, "SELECT name FROM users WHERE email IN ('v@x', 'w@x') ORDER BY 1")


def _copy(raw: Any, lines: str) -> None:
    with raw.cursor() as cursor:
        cursor.copy_expert("COPY users (email, name) FROM STDIN", io.StringIO(lines))
