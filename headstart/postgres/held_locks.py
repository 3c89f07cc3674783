"""Which locks a backend holds on relations that existed before its transaction.

Asked on another connection, which sees the catalog as it was committed last: the name of a new
relation is unknown there, that of a dropped or renamed one is still the old one. So regclass does
what a join with pg_class would, at half the time, and keeps no lock on a catalog.
"""

from collections.abc import Callable
from contextlib import suppress

from headstart.postgres.advisory_lock import held_condition
from headstart.postgres.connection import Connection
from headstart.postgres.reader import Reader
from headstart.verdict.held_locks import MODES, Locks, strongest

CONNECT_SECONDS = 1.0
"""How long a run may begin later because a pooler has no connection left to look with."""
READ_SECONDS = 0.5
"""How long a COMMIT may wait for the answer, once in a run: after that nobody asks again."""
SHORT_SECONDS = 1.0
"""On a database that was empty, what held its locks no longer is not asked about."""

_MODES = ", ".join(f"'{mode}Lock'" for mode in MODES)
_TOAST = "pg_toast."


class HeldLockReader:
    """Reads the locks of a backend, on a connection of its own; nothing of it raises.

    That is made before the first revision, so that nobody waits for it with locks in hand, and
    given up for the rest of the run as soon as it does not answer, or somebody needs its slot.
    `nonce` is the key beside the run lock, whose server is the one to look at; names of relations
    in `schema` are told without it. `found_empty`: there was no table as the run began. Who looks
    from a client that was waiting takes 0.1 ms of its CPU, a thirtieth of a short revision's: so
    what was short is not asked about there, where nobody can have waited.
    """

    def __init__(
        self, connect: Callable[[], Connection], nonce: int, *, found_empty: bool = False
    ) -> None:
        self._connect, self._nonce = connect, nonce
        self.least_seconds = SHORT_SECONDS if found_empty else 0.0
        self._connection: Connection | None = None
        self._is_given_up = False
        self.schema: str | None = None

    def open(self) -> None:
        """Connect, where that has not been tried yet; later where nobody can wait for it."""
        if not self.least_seconds:
            self._open()

    def _open(self) -> None:
        if self._connection is not None or self._is_given_up:
            return
        with suppress(Exception):  # whatever it is: the run goes on without
            self._connection = self._connect()
            held = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(self._nonce)}"
            is_there = f"SELECT EXISTS ({held})"
            if self._connection.execute(is_there, timeout_seconds=READ_SECONDS)[0][0]:
                return
        self.give_up()

    def read(self, process: int) -> Locks | None:
        """The locks that this process holds; None where nobody answers."""
        self._open()
        if self._connection is None:
            return None
        with suppress(Exception):
            return read_held_locks(self._connection, process, self.schema)
        self.give_up()
        return None

    def give_up(self) -> None:
        """Leave the slot to others."""
        self._is_given_up = True
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()


def read_held_locks(connection: Reader, process: int, schema: str | None) -> Locks:
    """The relations with their strongest lock; those of `schema` without its name.

    Raises psycopg2.Error and TimeoutError.
    """
    rows = connection.execute(
        "SELECT l.relation::pg_catalog.regclass::pg_catalog.text, l.mode FROM pg_catalog.pg_locks l"
        f" WHERE l.pid = {process} AND l.locktype = 'relation' AND l.granted"
        f" AND l.mode IN ({_MODES})",
        timeout_seconds=READ_SECONDS,
    )
    found = ((str(name), str(mode).removesuffix("Lock")) for name, mode in rows)
    return strongest(
        *(
            {_relative(name, schema): mode}
            for name, mode in found
            # the number of one that is not there yet; a name of digits would be quoted
            if not name.isdigit() and not name.startswith(_TOAST)
        )
    )


def _relative(name: str, schema: str | None) -> str:
    if schema is not None:
        quoted = '"' + schema.replace('"', '""') + '"'
        for prefix in (f"{schema}.", f"{quoted}."):
            if name.startswith(prefix):
                return name[len(prefix) :]
    return name
