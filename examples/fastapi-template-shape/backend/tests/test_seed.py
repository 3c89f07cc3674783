"""Seeding."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import seed
from app.models import User


def test_seeding_creates_one_administrator_however_often_it_runs(session: Session) -> None:
    assert [seed(session) for _ in range(2)] == [True, False]
    assert session.scalar(select(func.count()).select_from(User).where(User.is_admin)) == 1


def test_the_test_before_has_left_nothing(session: Session) -> None:
    assert session.scalar(select(func.count()).select_from(User)) == 0
