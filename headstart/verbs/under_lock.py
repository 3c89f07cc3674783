"""Where revisions run: a database that answers, the run lock held, and a worker under it."""

import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

from headstart.facts.state import scope_named
from headstart.postgres.beside import LOOK_SECONDS, Lookout, second_connection
from headstart.postgres.connection import connect
from headstart.postgres.guards import CLIENT_SIDE, DRIVERS_CONNECT_SECONDS
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import cancel_backend, has_tables, limits_of_login
from headstart.postgres.lock import RunLock, hold_lock
from headstart.postgres.lock_polling import LockWait
from headstart.postgres.progress import read_progress
from headstart.postgres.read_failure import named_failures
from headstart.postgres.search_path import refuse_planters
from headstart.postgres.wait import WaitLimits, wait_until_accepting
from headstart.postgres.waits import Sight, look_at
from headstart.revisions.link import Link
from headstart.revisions.transaction_sql import LIMITS
from headstart.revisions.worker import Look, Worker
from headstart.settings.database import Database
from headstart.settings.database_url import parse_database_url
from headstart.settings.driver_url import async_drivers, sqlalchemy_url
from headstart.settings.kinds import EndBlockers
from headstart.values import replace
from headstart.verbs.app_environment import app_environment
from headstart.verbs.task import Task
from headstart.verdict.events.database import LockAcquired, LockWaitMeasured


def wait_for_database(task: Task) -> str:
    """Wait until the database accepts us; gives its version. Raises Unreachable, AccessRefused."""
    settings = task.settings
    limits = WaitLimits(
        time.monotonic(),
        task.within(settings.wait_seconds),
        task.within(settings.access_grace_seconds),
    )
    name = task.identity.name(Purpose.WAIT)
    return wait_until_accepting(task.resolve, name, limits, task.emit)


@contextmanager
def locked(task: Task) -> Iterator[RunLock]:
    """Hold the run lock until the run's deadline, where env.py may connect.

    With a second connection at hand, and nobody who could make its driver execute something.
    """
    settings, started = task.settings, time.monotonic()
    deadline = task.within(settings.lock_seconds)
    wait = LockWait(
        task.resolve,
        task.identity,
        deadline,
        task.emit,
        settings.heartbeat_seconds,
        settings.wait_seconds,
        task.signals.lose,
    )
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(hold_lock(wait))
        finally:
            waited = round(time.monotonic() - started, 3)
            task.emit(LockWaitMeasured(waited))
        task.emit(LockAcquired(waited))
        task.signals.register_silence(lock.is_unanswered)
        second = second_connection(task.resolve, task.identity, lock, task.patience())
        with second as connection, named_failures():
            refuse_planters(connection)
            lock.found_empty = not has_tables(connection, scope_named(settings.version_table))
            lock.lent_limits = limits_of_login(connection, LIMITS)
        if settings.deadline_seconds is not None:
            task.signals.end_after(task.deadline.remaining(time.monotonic()))
        yield lock


def worker_under(task: Task, lock: RunLock) -> Worker:
    """How env.py's connection works while we hold the lock."""
    # the name is set in each transaction too; here for what an autocommit block runs outside of one
    name = task.identity.name(Purpose.WORK)
    link = Link(lock.is_lost, lock.login, task.identity.name(Purpose.WAIT))
    task.signals.register_break_off(link.break_off)
    lookout = Lookout(
        lock, lambda: connect(task.resolve(), task.identity.name(Purpose.READ), LOOK_SECONDS)
    )
    return Worker(
        url=lambda: _worker_url(task.database(), name),
        translated=lambda url, driver: _translated(task.database(), url, driver),
        environment=lambda: app_environment(task, connected=True),
        application_name=name,
        nonce=lock.nonce,
        lock_timeout_seconds=task.settings.ddl_lock_timeout_seconds,
        statement_timeout_seconds=task.settings.statement_timeout_seconds,
        lent_limits=lock.lent_limits,
        explain_missing_fence=lock.explain_missing_fence,
        register_cancel=task.signals.register_cancel,
        cancel_backend=lambda process: _cancel_backend(task, name, process),
        look=_look_by(lookout, lock, link, name),
        lookout=lookout,
        ends_idle_after=task.settings.end_blockers_idle_seconds
        if task.settings.end_blockers is EndBlockers.IDLE
        else None,
        emit=task.emit,
        link=link,
        async_drivers=async_drivers(task.database().url.driver),
        give_up=task.signals.lose,
        patience=task.patience,
        deadline=task.deadline,
    )


def _look_by(lookout: Lookout, lock: RunLock, link: Link, name: str) -> Look:
    """On a connection of its own; on the lock's where a pool has none, and a transaction runs."""

    def look(processes: Collection[int], watched: int | None) -> Sight:
        sight = lookout.look(
            lambda connection: replace(
                look_at(connection, processes, watched, name),
                progress=read_progress(connection, processes),
            )
        )
        if sight is None and link.in_transaction:
            return lock.look_at(processes, watched, name)
        return sight or Sight(is_blind=True)

    return look


def _worker_url(database: Database, application_name: str) -> str:
    parameters = {
        **CLIENT_SIDE,
        "connect_timeout": DRIVERS_CONNECT_SECONDS,
        **database.parameters,
        "application_name": application_name,
    }
    return sqlalchemy_url(parameters, driver_options=database.url.driver_options)


def _translated(database: Database, url: str, driver: str) -> str:
    """A URL with libpq's options for another driver, with that driver's own from the user's URL."""
    parsed = parse_database_url(url, "the URL of env.py's async engine")
    options = {**database.url.driver_options, **parsed.driver_options}
    return sqlalchemy_url(parsed.parameters, driver, options)


def _cancel_backend(task: Task, name: str, process: int) -> None:
    with task.try_connect(Purpose.LOCK) as connection:
        cancel_backend(connection, name, process)
