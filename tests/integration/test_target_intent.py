"""An ordinary run gets its turn, although runs of targets come one after the other all the time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg2
import pytest

from headstart.postgres import lock_polling
from headstart.postgres.advisory_lock import INTENT_KEY, held_condition
from headstart.postgres.lock import hold_lock
from headstart.postgres.target import Target
from headstart.verdict.errors import LockUnavailable
from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.server import Database
from tests.integration.target_locks import ACME, GLOBEX, waiting

BOUND_SECONDS = 10
"""Its second poll, and the end of those that have begun, on a busy machine."""
WORK_SECONDS = 0.6
ANNOUNCING = f"SELECT count(*) FROM pg_locks l WHERE {held_condition(INTENT_KEY)}"
ORDINARY = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'headstart:lock:1234abcd:pod-7'"
    " AND datname = current_database()"
)


class Fleet:
    """Three workers, each with one target after the other; one of them always holds the lock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._over = threading.Event()
        self.done = 0
        self.failures: list[Exception] = []

    def work(self, number: int) -> None:
        """Be one of the workers, until the fleet is over."""
        self._over.wait(number * WORK_SECONDS / 3)
        while not self._over.is_set():
            target = Target(f"tenant_{number}_{self.done}", "alembic_version")
            try:
                with hold_lock(waiting(self._database, target, 60)):
                    self._over.wait(WORK_SECONDS)
            except Exception as error:  # noqa: BLE001 shown by the test
                self.failures.append(error)
                return
            self.done += 1

    def end(self) -> None:
        """Let the workers end."""
        self._over.set()


@contextmanager
def threads(work: Callable[[int], None], number: int, end: Callable[[], None]) -> Iterator[None]:
    """Have so many at work for the length of the block."""
    started = [threading.Thread(target=work, args=(each,)) for each in range(number)]
    for each in started:
        each.start()
    try:
        yield
    finally:
        end()
        for each in started:
            each.join()


def test_an_ordinary_run_gets_the_lock_within_a_bound_and_the_fleet_goes_on(
    tenants: Database,
) -> None:
    fleet = Fleet(tenants)
    with threads(fleet.work, 3, fleet.end):
        until(lambda: fleet.done > 3, "the fleet is at work")
        with hold_lock(waiting(tenants, None, BOUND_SECONDS)):
            before = fleet.done
            time.sleep(1)
            assert fleet.done <= before + 3  # whose lock was released, and was not counted yet
        before = fleet.done
        until(lambda: fleet.done > before + 3, "the fleet goes on")
    assert fleet.failures == []


@ON_ONE_SERVER
def test_who_does_not_announce_waits_in_vain(
    tenants: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older image's ordinary run, for one: so the test above proves something."""
    monkeypatch.setattr(lock_polling._Waiter, "_is_kept_out", False)
    waiter = threading.Thread(target=lambda: _wait_in_vain(tenants))
    holder = ExitStack()
    holder.enter_context(hold_lock(waiting(tenants, ACME)))
    waiter.start()
    while waiter.is_alive():
        one_more = ExitStack()
        target = Target(f"tenant_{time.monotonic()}", "alembic_version")
        one_more.enter_context(hold_lock(waiting(tenants, target)))
        holder.close()
        holder = one_more
    holder.close()


@ON_ONE_SERVER
def test_of_many_ordinary_runs_that_wait_one_announces_and_keeps_a_connection(
    tenants: Database,
) -> None:
    taken = []

    def wait(_: int) -> None:
        with hold_lock(waiting(tenants, None, 60)):
            taken.append(1)

    with ExitStack() as stack:
        fleet = ExitStack()
        fleet.enter_context(hold_lock(waiting(tenants, ACME)))
        stack.enter_context(threads(wait, 5, fleet.close))
        until(lambda: tenants.query(ANNOUNCING) == [(1,)], "one announces")
        until(lambda: tenants.query(ORDINARY) == [(1,)], "the others have left")
        seen = []
        for _ in range(20):
            seen.append(tenants.query(ORDINARY)[0][0])
            assert tenants.query(ANNOUNCING) == [(1,)]
            time.sleep(0.1)
        assert seen.count(1) > 5
        with pytest.raises(LockUnavailable) as refused, hold_lock(waiting(tenants, GLOBEX)):
            pass
        assert "(headstart:lock:1234abcd:pod-7)" in str(refused.value)
    assert len(taken) == 5


@ON_ONE_SERVER
def test_who_waits_for_an_ordinary_run_announces_nothing(tenants: Database) -> None:
    """It keeps no connection either, as without any fleet."""
    with hold_lock(waiting(tenants, None)):
        thread = threading.Thread(target=lambda: _wait_in_vain(tenants))
        thread.start()
        while thread.is_alive():
            assert tenants.query(ANNOUNCING) == [(0,)]
            time.sleep(0.05)


def _wait_in_vain(database: Database) -> None:
    """In a thread: what it raises is a warning there, and so fails the test."""
    with pytest.raises(LockUnavailable), hold_lock(waiting(database, None, 3)):
        pass


@ON_ONE_SERVER
def test_an_index_is_built_beside_who_announces(
    tenants: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CREATE INDEX CONCURRENTLY waits for the end of each transaction that has a snapshot."""
    monkeypatch.setattr(lock_polling, "ANNOUNCED_SECONDS", 0.001)
    tenants.execute("CREATE TABLE acme.t (a int)")
    with ExitStack() as stack:
        fleet = ExitStack()
        fleet.enter_context(hold_lock(waiting(tenants, ACME)))
        stack.enter_context(threads(lambda _: _wait(tenants), 2, fleet.close))
        until(lambda: tenants.query(ANNOUNCING) == [(1,)], "one announces")
        worker = stack.enter_context(closing(psycopg2.connect(tenants.url)))
        worker.autocommit = True
        cursor = worker.cursor()
        cursor.execute("SET statement_timeout = '5s'")
        for _ in range(40):
            cursor.execute("CREATE INDEX CONCURRENTLY i ON acme.t (a)")
            cursor.execute("DROP INDEX acme.i")


def _wait(database: Database) -> None:
    with hold_lock(waiting(database, None, 60)):
        pass
