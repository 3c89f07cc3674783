"""What ended a run, where its error tells of something else: a signal, a limit, a library."""

import signal
import sys
from contextlib import suppress

from headstart.process.machine import exhausted, is_exhausted
from headstart.process.signals import Signals
from headstart.verdict.conclusion import fate_of_the_rest
from headstart.verdict.errors import (
    Blocked,
    Cancelled,
    ConnectionLost,
    InvalidSettings,
    RevisionFailed,
    outcome_of,
)
from headstart.verdict.outcome import Outcome
from headstart.verdict.record import Record

LEAST_VERSIONS = {"alembic": (1, 16), "sqlalchemy": (2, 0)}
"""What pyproject.toml asks for of the libraries that a project may pin; a test compares them."""

PACKAGES = {"alembic": "alembic", "psycopg2": "psycopg2-binary", "sqlalchemy": "sqlalchemy"}
PACKAGES |= {"tenacity": "tenacity"}
"""The modules of others that headstart imports, and the packages that have them; as above."""

STUCK = "what was being done went on, and could not be interrupted"
"""A call of a script's that never returns to Python, or one that swallows what would end it."""


def cause_of_end(error: BaseException, signals: Signals, record: Record) -> BaseException:
    """Whatever a signal broke looks like an error of something else: name the signal."""
    received = signals.received
    if received not in (None, signal.SIGALRM):
        return Cancelled(received)
    if signals.lost or (received is not None and signals.silent):
        told = error if isinstance(error, ConnectionLost) else _lost_error(received)
        return signals.loss or told
    if received is not None:
        return _deadline_error(error, record)
    if outcome_of(error) is not Outcome.INTERNAL_ERROR:
        return error
    if isinstance(error, ModuleNotFoundError) and error.name in PACKAGES:
        return InvalidSettings(
            f"{PACKAGES[error.name]} is not installed for {sys.executable}",
            next_step=f"{sys.executable} -m pip install -r requirements.txt, or pip install"
            " headstart; make run makes an environment of its own",
        )
    return exhausted(error) if is_exhausted(error) else _unmet_requirement() or error


def _unmet_requirement() -> BaseException | None:
    """A library that is too old breaks us anywhere; an image may hold one, as pip only warns."""
    from importlib import metadata

    with suppress(metadata.PackageNotFoundError):
        for name, least in LEAST_VERSIONS.items():
            if _numbers(metadata.version(name)) < least:
                wanted = ".".join(map(str, least))
                return InvalidSettings(
                    f"{name} {metadata.version(name)} is installed, which is older than {wanted}",
                    next_step=f"install {name}>={wanted} where headstart is, as its package asks",
                )
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _lost_error(received: int | None) -> ConnectionLost:
    if received is None:
        return ConnectionLost("the run lock was lost, or the database no longer answers")
    return ConnectionLost("HEADSTART_DEADLINE_SECONDS passed, and the database no longer answers")


def _deadline_error(error: BaseException, record: Record) -> Blocked | RevisionFailed:
    if record.waits:
        return Blocked(
            "HEADSTART_DEADLINE_SECONDS passed while the work waited for somebody else's lock:"
            f" {'; '.join(record.waits)}; what was committed is kept{fate_of_the_rest(record)}"
        )
    if record.state is None:
        return RevisionFailed(
            "HEADSTART_DEADLINE_SECONDS passed while env.py ran",
            next_step="look at what env.py, or a revision that it replays, does or waits for"
            " (env_running and revision_running tell who waits for whom), or give the run a longer"
            " deadline, then run again",
        )
    return RevisionFailed(
        "HEADSTART_DEADLINE_SECONDS passed in the middle of the work: what was committed is kept"
        f"{fate_of_the_rest(record)} ({error})",
        next_step="give the run a longer deadline, or make the revision shorter, then run again",
    )
