"""The engine, and the data that the app needs to start with."""

import hashlib
import os

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.core.config import settings
from app.models import User

engine = create_engine(settings.database_url, pool_pre_ping=True)


def hash_password(password: str) -> str:
    """A salted hash of a password."""
    salt = os.urandom(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    return f"{salt.hex()}${digest.hex()}"


def seed(session: Session) -> bool:
    """Create the first administrator unless there is one; return whether there was none."""
    if session.scalar(select(User).where(User.email == settings.first_admin)) is not None:
        return False
    password = settings.first_admin_password.get_secret_value()
    session.add(
        User(email=settings.first_admin, hashed_password=hash_password(password), is_admin=True)
    )
    session.commit()
    return True
