"""One attempt to take the run lock: a transaction and a message, and never a wait on the server.

    an ordinary run       the run lock alone, and its nonce
    the run of a target   nobody announces; the run lock, shared; the target's key alone; its nonce

So the runs of targets go on beside each other, and exclude an ordinary run, of an older image, too,
as that excludes them. One after the other they would keep it waiting for ever: so it announces. It
holds the intent key in the transaction of an attempt that failed until the next one begins.

Each announcing transaction is short, although the announcement is not: CREATE INDEX CONCURRENTLY
waits for the end of each transaction that has a snapshot when it looks, and the run that builds the
index is the one that is waited for.
"""

from collections.abc import Mapping
from enum import StrEnum

from headstart.postgres.advisory_lock import INTENT_KEY, RUN_LOCK_KEY
from headstart.postgres.connection import Connection
from headstart.postgres.guards import LOCK_IDLE_SECONDS, SERVER_SIDE
from headstart.postgres.target import Target
from headstart.values import dataclass

POLL_SECONDS = 5.0
"""The client-side limit of one poll, which may hang in a pooler's queue."""


class Answer(StrEnum):
    """What came of an attempt; its transaction goes on after TAKEN and ANNOUNCED.

    ANNOUNCED is refused, and the runs of targets that have not begun wait for us now. On a STANDBY
    a lock would be worth nothing.
    """

    TAKEN = "taken"
    REFUSED = "refused"
    ANNOUNCED = "announced"
    STANDBY = "standby"


@dataclass(frozen=True)
class Keys:
    """What is locked: `nonce` is the key of the fence beside the run lock."""

    nonce: int
    target: Target | None = None

    @property
    def functions(self) -> tuple[str, ...]:
        """Those of the server that an attempt calls, each with a bigint."""
        return _FUNCTIONS[:1] if self.target is None else _FUNCTIONS


_FUNCTIONS = (
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
    "pg_try_advisory_lock_shared",
    "pg_advisory_unlock_shared",
)


def try_lock(
    connection: Connection, keys: Keys, *, announce: bool = False, announced: bool = False
) -> Answer:
    """Try to take the lock; an ordinary run may `announce` itself where that fails.

    `announced`: the connection is still in the transaction of an attempt that did. Raises
    psycopg2.Error and TimeoutError.
    """
    # in one message: between two, a run of a target would find nobody who announces
    begin = "ROLLBACK; BEGIN" if announced else "BEGIN"
    settings = _settings(connection.server_version).items()
    rows = connection.execute(
        f"{begin} ISOLATION LEVEL READ COMMITTED;"
        + "".join(f"SET LOCAL {name} = {value};" for name, value in settings)
        + f"SELECT {_attempt(keys, announce)}",
        timeout_seconds=POLL_SECONDS,
    )
    answer = Answer(str(rows[0][0]))
    if answer in (Answer.REFUSED, Answer.STANDBY):  # it may hold the first of its keys
        connection.execute("ROLLBACK", timeout_seconds=POLL_SECONDS)
    return answer


def _attempt(keys: Keys, announce: bool) -> str:
    """The SQL of an Answer; a CASE goes no further than to the first lock that is not to be had."""
    target, refused = keys.target, f"'{Answer.REFUSED}'"
    if target is None:
        locks = [_alone(RUN_LOCK_KEY), _alone(keys.nonce)]
    else:
        locks = [*_NOBODY_ANNOUNCES, _shared(RUN_LOCK_KEY), *map(_alone, (target.key, keys.nonce))]
    if announce:
        refused = f"CASE WHEN {_alone(INTENT_KEY)} THEN '{Answer.ANNOUNCED}' ELSE {refused} END"
    return (
        f"CASE WHEN pg_catalog.pg_is_in_recovery() THEN '{Answer.STANDBY}'"
        + "".join(f" WHEN NOT {lock} THEN {refused}" for lock in locks)
        + f" ELSE '{Answer.TAKEN}' END"
    )


def _alone(key: int) -> str:
    return f"pg_catalog.pg_try_advisory_xact_lock({key})"


def _shared(key: int) -> str:
    return f"pg_catalog.pg_try_advisory_xact_lock_shared({key})"


_NOBODY_ANNOUNCES = (
    f"pg_catalog.pg_try_advisory_lock_shared({INTENT_KEY})",
    f"pg_catalog.pg_advisory_unlock_shared({INTENT_KEY})",
)
"""A lock of the session's, given back at once: one of the transaction's would last as long as the
run, and nobody could announce. Cheaper than pg_locks, which holds up others."""


def _settings(server_version: int) -> Mapping[str, str]:
    """No setting of a role may end the lock's transaction; that its client is gone has to."""
    settings = {
        "idle_in_transaction_session_timeout": f"'{LOCK_IDLE_SECONDS}s'",
        "statement_timeout": "0",
        "lock_timeout": "0",
        **SERVER_SIDE,
    }
    return settings | ({"transaction_timeout": "0"} if server_version >= 170000 else {})
