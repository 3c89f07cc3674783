"""What a driver's connection says of itself: psycopg's, psycopg2's and asyncpg's differ."""

from contextlib import suppress
from typing import Any

_PSYCOPG2_BROKEN = 2
_ACTIVE, _IN_ERROR = 1, 3
_IN_TRANSACTION = (2, _IN_ERROR)
"""libpq's PQTRANS_ACTIVE, PQTRANS_INERROR and PQTRANS_INTRANS."""


def process_of(raw: Any) -> int | None:
    """The server's process as the driver was told at login."""
    with suppress(Exception):  # closed meanwhile
        ask = getattr(raw, "get_server_pid", None)  # asyncpg; the others are psycopg's
        return int(ask() if ask else raw.info.backend_pid)
    return None


def is_closed(raw: Any) -> bool:
    """As its driver sees it: psycopg's and psycopg2's are closed, asyncpg's is asked."""
    ask = getattr(raw, "is_closed", None)
    return bool(ask() if ask else getattr(raw, "closed", False))


def is_broken(raw: Any) -> bool:
    """Whether its driver has noticed that the server is gone."""
    if hasattr(raw, "is_closed"):  # asyncpg
        return bool(raw.is_closed())
    if hasattr(raw, "broken"):  # psycopg
        return bool(raw.broken)
    return getattr(raw, "closed", 0) == _PSYCOPG2_BROKEN


def is_idle(raw: Any) -> bool:
    """Whether nothing is going on there, as its driver sees it: psycopg's and psycopg2's tell 0."""
    ask = getattr(raw, "is_in_transaction", None)  # asyncpg
    return not ask() if ask else int(raw.info.transaction_status) == 0


def is_in_transaction(raw: Any) -> bool:
    """Whether it is in a transaction, one that has failed, too; psycopg's tell 2 and 3."""
    ask = getattr(raw, "is_in_transaction", None)  # asyncpg
    return bool(ask()) if ask else int(raw.info.transaction_status) in _IN_TRANSACTION


def is_at_work(raw: Any) -> bool:
    """Whether a statement runs there; asyncpg does not tell, which may be."""
    return hasattr(raw, "is_in_transaction") or int(raw.info.transaction_status) == _ACTIVE


def has_failed(raw: Any) -> bool:
    """Whether an error has ended its transaction; asyncpg does not tell."""
    return int(raw.info.transaction_status) == _IN_ERROR
