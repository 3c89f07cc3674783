"""Mistakes in an app's settings that libraries report in their own words: our words, and a cure."""

import re

from headstart.values import dataclass


@dataclass(frozen=True)
class Mistake:
    """A kind of error, by the module that raises it and what it says.

    `message` replaces its text if that may hold a part of a password.
    """

    module: str
    text: str
    message: str | None
    cure: str


_EVERY = (
    Mistake(
        "configparser",
        r"interpolation syntax|must be followed by|[Bb]ad (interpolation|value)",
        "a % in a value of the Alembic configuration is not doubled",
        "in env.py write set_main_option(name, url.replace('%', '%%')), or leave the URL out there"
        " and take the one that headstart gives (sqlalchemy.url)",
    ),
    Mistake(
        "sqlalchemy",
        r"dialects:postgres\b",
        None,
        "write postgresql:// where the URL has postgres://, which SQLAlchemy does not take",
    ),
    Mistake(
        "sqlalchemy.engine.url",
        r"invalid literal for int",
        "the port in a URL is not a number",
        "percent-encode user and password in that URL (@ is %40, : is %3A, / is %2F, % is %25)",
    ),
)


def known_mistake(error: BaseException, text: str) -> Mistake | None:
    """The row that an error belongs to; `text` is what it says."""
    place = f"{_module(error)}."
    rows = (row for row in _EVERY if place.startswith(f"{row.module}."))
    return next((row for row in rows if re.search(row.text, text)), None)


def _module(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")) if trace is not None else ""
