"""Spare the garbage collector what is no garbage: modules and scripts that stay until the end."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Load things in the block without looking for garbage among them, then or ever after.

    While Alembic and SQLAlchemy are imported, the collector would look at all of it dozens of
    times: a tenth of what a start costs (bench/client_cpu.py).
    """
    with uninterrupted():
        yield
        gc.freeze()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Load things in the block without looking for garbage meanwhile; later it may be."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def collect_rarely() -> None:
    """Let young objects be looked at by the ten thousands: a run is short, and makes few cycles.

    Alembic's revisions would have it done every few revisions (bench/client_cpu.py).
    """
    gc.set_threshold(50_000, 10, 10)
