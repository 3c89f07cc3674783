"""What a revision that has left its transaction has committed, or may have.

A statement outside a transaction is kept once it has succeeded. What it does in a transaction of
its own (BEGIN, COMMIT AND CHAIN, or a driver that begins one unasked) is kept only by a COMMIT: the
number of that transaction tells. What a DO block, a procedure or a function commits by itself, and
then fails, nobody tells: it may be, if anything was committed on this server since it began.

    COMMIT                               nothing done yet: the revision is outside from here on
    DO $$ .. INSERT .. COMMIT; ALTER ..  executing(): 731 is the lowest free number
    it fails at the ALTER                look_back(): 731 is committed by now, so may_have is True
"""

import re
from contextlib import suppress

from sqlalchemy import Connection

from headstart.fingerprint.catalog.names import qualified
from headstart.fingerprint.statements.placed import Placed, placed
from headstart.fingerprint.statements.sql_tables import is_known_function
from headstart.patterns import pattern
from headstart.revisions.begun import SQL_FREE, SQL_NUMBER, sql_of_kept
from headstart.revisions.raw_connection import is_in_transaction
from headstart.revisions.worker import dbapi_connection, one_row

_HINTS = pattern(r"commit|\bend\b|\(|\bdo\b|\bcall\b", re.IGNORECASE)
"""Without any of these no statement commits by itself."""
_COMMITS = pattern(r"commit|call", re.IGNORECASE)


def may_commit(sql: str) -> bool:
    """Whether the server may commit something within this text, before it is at its end."""
    return _HINTS.search(sql) is not None and any(map(_may_commit, placed(sql)))


def runs_code(sql: str) -> bool:
    """Whether the server executes a procedural language's code within this text, by its looks."""
    return any(each.subject.opaque or _calls_foreign(each) for each in placed(sql))


def _calls_foreign(statement: Placed) -> bool:
    return any(not _is_harmless(*each) for each in statement.subject.calls)


def _may_commit(statement: Placed) -> bool:
    inside = statement.subject.opaque and _COMMITS.search(statement.text) is not None
    ends = statement.session.ends and not statement.session.rolls_back
    return _calls_foreign(statement) or inside or ends


def _is_harmless(schema: str | None, name: str) -> bool:
    """What a ROLLBACK would not take back either is no work."""
    return name in {"set_config", "setval"} or is_known_function(qualified(schema or "", name))


def in_transaction(connection: Connection) -> bool:
    """Whether the server is in one, as the driver sees it."""
    try:
        return is_in_transaction(connection.connection.driver_connection)
    except Exception:  # noqa: BLE001 a connection that is closed, say
        return True


class KeptWork:
    """`surely`: something was kept. `numbers` are the transactions whose fate tells more."""

    def __init__(self) -> None:
        self.surely = self.may_have = False
        self.numbers: set[int] = set()
        self._is_numbered = False
        self._free: int | None = None

    def executing(self, connection: Connection, statement: str) -> None:
        """Before a statement."""
        if self._free is None and not in_transaction(connection) and may_commit(statement):
            with suppress(Exception):
                self._free = int(one_row(connection, SQL_FREE)[0])

    def executed(self, connection: Connection, *, left: bool) -> None:
        """After a statement that does something; `left`: not in the revision's transaction."""
        if not in_transaction(connection):
            self.surely = True
        elif left:
            self.note_number(connection)

    def note_number(self, connection: Connection) -> None:
        """Note the number of the transaction that is open, while it can be asked."""
        if self._is_numbered:
            return
        with suppress(Exception):  # one that has failed: it keeps nothing
            (number,) = one_row(connection, SQL_NUMBER)
            if number is not None:
                self.numbers.add(int(number))
                self._is_numbered = True

    def ended(self) -> None:
        """The transaction that was open is over."""
        self._is_numbered = False

    def suspect(self, free: int) -> None:
        """Something unheard may have been committed, under this number or a higher one."""
        self._free = free if self._free is None else min(free, self._free)

    def look_back(self, connection: Connection) -> None:
        """After a failure: whether what may have been committed can be ruled out."""
        if self._free is None or self.surely:
            return
        self.may_have = True
        with suppress(Exception):
            self.may_have = self._was_any_kept(connection)
            return
        with suppress(Exception):  # the connection may be gone
            if not connection.in_nested_transaction():
                dbapi_connection(connection).rollback()  # a failed transaction answers nothing
                self.may_have = self._was_any_kept(connection)

    def _was_any_kept(self, connection: Connection) -> bool:
        assert self._free is not None
        return bool(one_row(connection, sql_of_kept(self._free))[0])
