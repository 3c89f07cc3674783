"""Why a poll for the run lock failed, where the server answered: lasting, or worth another poll.

What is not known to be lasting may pass: a pooler's queue, a server that restarts.
"""

import psycopg2

from headstart.postgres.lock_holder import UNKNOWN, Holder
from headstart.values import dataclass
from headstart.verdict.errors import AccessRefused, HeadstartError, LockUnavailable
from headstart.verdict.sqlstates import fault_of

_NO_PRIVILEGE = "42501"
_STATEMENT_POOLING = "statement pooling"
"""PgBouncer's own text, never translated: it takes no transaction in this mode."""


@dataclass(frozen=True)
class Refusal:
    """The server's own words, and its SQLSTATE; `lasting` where another poll would fail, too.

    `functions` are those that an attempt calls.
    """

    words: str
    sqlstate: str | None = None
    lasting: bool = False
    functions: tuple[str, ...] = ()

    def error(self) -> HeadstartError:
        """The error of one that lasts."""
        return AccessRefused(
            f"the run lock cannot be taken: {self.words}",
            sqlstate=self.sqlstate,
            next_step=self._cure,
        )

    @property
    def _cure(self) -> str:
        if _STATEMENT_POOLING in self.words:
            return (
                "set pool_mode to transaction or session for this database, or let DATABASE_URL"
                " lead to the server itself"
            )
        if self.sqlstate == _NO_PRIVILEGE:
            names = ", ".join(f"pg_catalog.{each}(bigint)" for each in self.functions)
            return (
                f"GRANT EXECUTE ON FUNCTION {names} to the role that headstart logs in with, then"
                " run again"
            )
        return "headstart needs PostgreSQL's advisory locks: let DATABASE_URL lead to such a server"


STANDBY = Refusal("the connection leads to a standby, where no lock of ours is worth anything")


def refusal_of(error: psycopg2.Error | TimeoutError, functions: tuple[str, ...]) -> Refusal:
    """What a poll met, which calls these functions."""
    if isinstance(error, TimeoutError):
        return Refusal("no answer in time")
    first_line = next(iter(str(error).strip().splitlines()), "")
    words = " ".join(first_line.split()) or "the connection was lost"
    lasting = fault_of(error.pgcode).permanent or _STATEMENT_POOLING in words
    return Refusal(words, error.pgcode, lasting, functions)


def lock_unavailable(holder: Holder | None, refusal: Refusal | None) -> LockUnavailable:
    """The end of the wait: another run holds the lock, as far as anybody has seen one."""
    words = f"; the last attempt failed: {refusal.words}" if refusal else ""
    if holder is None and refusal is not None:
        return LockUnavailable(
            f"the run lock could not be taken until the deadline{words}",
            sqlstate=refusal.sqlstate,
            next_step="look at what the error says of the last attempt, then run again",
        )
    return LockUnavailable(
        f"another run held the lock until the deadline: {holder or UNKNOWN}{words}",
        next_step=holder.cure if holder else None,
    )
