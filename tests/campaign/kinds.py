"""The kinds of fault: how each is brought about in the middle of a run, and what is taken back.

A fault is transient where it may pass by itself: then no exit code may tell to give up.
"""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import psycopg2

from tests.harness.embedded import PostgresServer
from tests.harness.program import Run
from tests.harness.proxy import FaultyNetwork
from tests.harness.server import Database


@dataclass
class Place:
    """Where a fault happens: the run, its database and role, and the network between."""

    run: Run
    database: Database
    server: PostgresServer
    network: FaultyNetwork
    role: str
    dice: Random

    def sql(self, statement: str, *, best_effort: bool = False) -> None:
        """Execute as superuser, on a connection of its own."""
        if best_effort:
            with suppress(psycopg2.Error):
                self.database.execute(statement)
        else:
            self.database.execute(statement)


Act = Callable[[Place], None]


@dataclass(frozen=True)
class Kind:
    """One kind; `heal` takes back what does not end by itself, after the run has."""

    name: str
    act: Act
    heal: Act = lambda _: None
    transient: bool = True
    exits: frozenset[int] = frozenset()
    """What a run may end with beside 0 and the codes to be retried; all of them if it is killed."""


def _signal(number: signal.Signals) -> Act:
    return lambda place: place.run.process.send_signal(number)


def _stop(place: Place) -> None:
    """A node that is overloaded, or a machine that is moved."""
    place.run.process.send_signal(signal.SIGSTOP)
    time.sleep(place.dice.uniform(0.5, 3))
    place.run.process.send_signal(signal.SIGCONT)


def _backends(function: str, purpose: str) -> Act:
    sql = (
        f"SELECT {function}(pid) FROM pg_stat_activity WHERE datname = current_database()"
        f" AND application_name LIKE 'headstart:{purpose}%'"
    )
    return lambda place: place.sql(sql)


def _silence(place: Place) -> None:
    place.network.silent.set()
    time.sleep(place.dice.uniform(0.5, 4))
    place.network.silent.clear()


def _silence_for_good(place: Place) -> None:
    place.network.silent.set()


def _speak(place: Place) -> None:
    place.network.silent.clear()
    place.network.reset()


def _resets(place: Place) -> None:
    for _ in range(place.dice.randint(2, 5)):
        place.network.reset()
        time.sleep(place.dice.uniform(0.05, 0.5))


def _restart(mode: str) -> Act:
    return lambda place: place.server.restart(mode)  # type: ignore[arg-type]


def _outage(place: Place) -> None:
    place.server.stop("fast")
    time.sleep(place.dice.uniform(0.5, 4))
    place.server.start()


def _refusing(sqlstate: str) -> Act:
    """The server cannot, or may not, change anything for as long as this is there."""
    sql = (
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
        f" $$BEGIN RAISE 'not now' USING ERRCODE = '{sqlstate}'; END$$;"
        "CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION public.refuse()"
    )
    return lambda place: place.sql(sql)


def _allow(place: Place) -> None:
    place.sql("DROP EVENT TRIGGER IF EXISTS refuse; DROP FUNCTION IF EXISTS public.refuse()")


def _read_only(place: Place) -> None:
    place.sql(f"ALTER DATABASE {place.database.name} SET default_transaction_read_only = on")
    _backends("pg_terminate_backend", "work")(place)


def _writable(place: Place) -> None:
    # from another database: a session of this one may not
    place.server.execute(
        f"ALTER DATABASE {place.database.name} RESET default_transaction_read_only"
    )


def _no_slots(place: Place) -> None:
    place.sql(f"ALTER ROLE {place.role} CONNECTION LIMIT 1")


def _slots(place: Place) -> None:
    place.sql(f"ALTER ROLE {place.role} CONNECTION LIMIT -1")


def _rotate(place: Place) -> None:
    place.sql(f"ALTER ROLE {place.role} PASSWORD 'another'")


def _rotate_back(place: Place) -> None:
    place.sql(f"ALTER ROLE {place.role} PASSWORD 's3cret'")


def _revoke(place: Place) -> None:
    place.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO postgres")


def _grant(place: Place) -> None:
    place.sql(f"ALTER SCHEMA public OWNER TO {place.role}")


def _locked(table: str) -> Act:
    """An app's long transaction on a table, there or not yet; it ends by itself."""

    def act(place: Place) -> None:
        seconds = place.dice.uniform(0.5, 4)

        def hold() -> None:
            with suppress(psycopg2.Error):
                holder = psycopg2.connect(place.database.url)
                holder.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                time.sleep(seconds)
                holder.close()

        threading.Thread(target=hold, daemon=True).start()

    return act


KINDS = (
    Kind("SIGKILL", _signal(signal.SIGKILL)),
    Kind("SIGTERM", _signal(signal.SIGTERM)),
    Kind("SIGINT", _signal(signal.SIGINT)),
    Kind("stopped for a while", _stop),
    Kind("worker terminated", _backends("pg_terminate_backend", "work")),
    Kind("lock's connection terminated", _backends("pg_terminate_backend", "lock")),
    Kind("all connections terminated", _backends("pg_terminate_backend", "")),
    Kind("statement canceled", _backends("pg_cancel_backend", "work")),
    Kind("connections reset", lambda place: place.network.reset()),
    Kind("connections reset repeatedly", _resets),
    Kind("network silent for a while", _silence),
    Kind("network silent for good", _silence_for_good, _speak),
    Kind("server restarted", _restart("fast")),
    Kind("server crashed", _restart("immediate")),
    Kind("server away for a while", _outage),
    Kind("disk full", _refusing("53100"), _allow),
    Kind("out of memory", _refusing("53200"), _allow),
    Kind("I/O error", _refusing("58030"), _allow),
    Kind("unknown error", _refusing("QX001"), _allow),
    Kind("deadlock", _refusing("40P01"), _allow),
    Kind("closed for changes", _refusing("P0001"), _allow),
    Kind("read-only", _read_only, _writable, exits=frozenset({20})),  # at the end of the wait
    Kind("no slots", _no_slots, _slots),
    Kind("password rotated", _rotate, _rotate_back, transient=False, exits=frozenset({20})),
    Kind("privilege revoked", _revoke, _grant, transient=False, exits=frozenset({20})),
    Kind("table locked", _locked("accounts")),
    Kind("version table locked", _locked("alembic_version")),
)
