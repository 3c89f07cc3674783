"""Watch the transaction of a revision: one whose work was rolled back in it must not be stamped.

A revision may end its own transaction: op.get_bind().rollback(), a Session, op.execute("ROLLBACK"),
or the driver, as psycopg2's set_isolation_level() does unasked. Alembic would write the version row
all the same, in the next transaction or in none. So the server is asked what became of it, even if
the revision has bypassed SQLAlchemy. To end one that has done nothing yet loses nothing.

An example: a revision that adds a column, rolls back to undo a probe of its own, then adds another.

    start_revision()              nothing has begun:  begun []            first None
    op.add_column(..)             Alembic began A:    begun [A]
    get_bind().rollback()         ending(): A has a number by now, 731, since it has written
    op.add_column(..)             SQLAlchemy, B:      begun [A, B]        left is True
    ensure_kept()                 txid_status(731) is "aborted": RevisionFailed, and no version row

Had it committed A instead, the status would be "committed" and the revision goes on: its first half
stays, whatever follows, which is why a failure later on says so (left). Had it begun with the
rollback, A would have no number: it is forgotten, and B is the first.
"""

import re
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection

from headstart.patterns import pattern
from headstart.revisions.begun import (
    SQL_BEFORE_ROW,
    SQL_NOW,
    Begun,
    sql_of_fate,
    sql_of_lost,
    sql_of_prepared,
)
from headstart.revisions.hidden_table import HiddenTable
from headstart.revisions.kept_work import KeptWork
from headstart.revisions.worker import dbapi_connection, one_row
from headstart.verdict.errors import RevisionFailed

_BEFORE = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*+"
"""Possessive: to share out many comments anew takes a time that each of them doubles."""
_ENDS = pattern(
    rf"{_BEFORE}"
    r"(?:COMMIT|END|ABORT|PREPARE\s+TRANSACTION|ROLLBACK(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b))\b",
    re.IGNORECASE | re.DOTALL,
)
_ROLLS_BACK = pattern(rf"{_BEFORE}(?:ABORT|ROLLBACK)\b", re.IGNORECASE | re.DOTALL)
_OTHERS = (
    "; if it did nothing before the rollback, somebody else's at the same moment looks alike: run"
    " again as it is"
)
_DOES_NOTHING = pattern(
    rf"{_BEFORE}"
    r"(?:SET|RESET|SHOW|SELECT|BEGIN|START|COMMIT|END|ABORT|ROLLBACK|SAVEPOINT|RELEASE)\b",
    re.IGNORECASE | re.DOTALL,
)


class TransactionWatch:
    """The transactions begun since the revision started; the first that did something counts.

    `row_in` is the number of the one in which the version row is written: whether that was
    committed tells whether this run has applied the revision, and nobody else. `role` is the one
    in force as the row is written, where that was asked.
    """

    def __init__(self) -> None:
        self._begun: list[Begun] = []
        self._outside = False
        self._kept = KeptWork()
        self._running = False
        self._has_version_table = False
        self.row_in: int | None = None
        self.role: str | None = None
        self.hidden = HiddenTable()

    @property
    def first(self) -> int | None:
        """The number of the one that the revision began its work in, if it is known."""
        return self._begun[0].number if self._begun else None

    @property
    def identity(self) -> str | None:
        """What identifies the transaction that it began in; None if SQLAlchemy has begun another.

        It stays where the revision has left that transaction by its own SQL.
        """
        return self._begun[0].identity if len(self._begun) == 1 else None

    @property
    def makes_version_table(self) -> bool:
        """Whether Alembic's version table is made in this transaction."""
        return self._has_version_table

    @property
    def left(self) -> bool:
        """Whether the revision has left that one, so that some of its work may be committed."""
        return self._outside or len(self._begun) > 1

    @property
    def keeps(self) -> bool:
        """The same, as far as it is known after a failure: the driver may have left it unheard."""
        return self.left or self._kept.surely or self._kept.may_have

    @property
    def kept(self) -> KeptWork:
        """What the revision has kept outside the transaction that it began in."""
        return self._kept

    def suspect(self) -> None:
        """It has left its transaction unheard: what it has written since then may be kept."""
        if self._begun:
            self._kept.suspect(self._begun[0].free)

    def begun(self, transaction: Begun | None) -> None:
        """Note a transaction of the connection on which the revisions run.

        None for an autocommit block, whose statements have none.
        """
        if transaction is None:
            self._outside = True
        else:
            self._begun.append(transaction)

    def note_heads(self, heads: Sequence[str]) -> None:
        """Without any, Alembic makes its version table in the first revision's transaction."""
        self._has_version_table = not heads

    def start_revision(self, connection: Connection) -> None:
        """Forget the earlier ones; a transaction that is open already is this revision's."""
        self._outside, self._kept = False, KeptWork()
        self._running, self.row_in, self.role = True, None, None
        # in mode atomic one transaction holds all revisions, and each has to find it still alive
        self._begun[:] = self._begun[-1:] if connection.in_transaction() else []

    def ending(self, connection: Connection, *, rolls_back: bool) -> None:
        """Ask, before a COMMIT or ROLLBACK, what has been done until then."""
        if not self._running:
            return
        if self.left and not rolls_back:
            self._kept.note_number(connection)
        self._kept.ended()
        if self._outside or len(self._begun) != 1 or self.first is not None:
            return
        first = self._begun[0]
        with suppress(Exception):  # in a failed transaction, say: then its mark has to tell
            identity, number, mark, *_ = one_row(connection, SQL_NOW)
            if identity == first.identity and number is None:
                if not first.shared:
                    self._begun.clear()  # as if it had not begun
            elif identity == first.identity:
                first.number = int(number)
            elif mark == first.identity:  # behind a pooler: COMMIT AND CHAIN has been sent
                self._kept.surely = True

    def hear_statement(self, connection: Connection, statement: str) -> bool:
        """Before a statement: whether it is a COMMIT or ROLLBACK, which leaves the transaction."""
        if not self._running:
            return False
        self.hidden.hear(statement)
        if not _ENDS.match(statement):
            self._kept.executing(connection, statement)
            return False
        self.ending(connection, rolls_back=bool(_ROLLS_BACK.match(statement)))
        self._outside = True
        return True

    def hear_done(self, connection: Connection, statement: str) -> None:
        """After a statement that has succeeded."""
        if self._running and not _DOES_NOTHING.match(statement):
            self._kept.executed(connection, left=self.left)

    def hear_failure(self, connection: Connection) -> None:
        """A revision has failed: did it commit by the driver, unheard? Its transaction is over."""
        self._running = False
        if self.left:
            self._kept.note_number(connection)
        if self._begun and self.first is None:
            self._hear_mark(connection)
        self._kept.look_back(connection)

    def _hear_mark(self, connection: Connection) -> None:
        with suppress(Exception):  # the connection may be gone
            if not self._asked_for_mark(connection) and not connection.in_nested_transaction():
                dbapi_connection(connection).rollback()  # a failed transaction answers nothing
                self._asked_for_mark(connection)

    def _asked_for_mark(self, connection: Connection) -> bool:
        first = self._begun[0]
        with suppress(Exception):
            identity, _, mark, *_ = one_row(connection, SQL_NOW)
            self._kept.surely |= identity != first.identity and mark == first.identity
            return True
        return False

    def ensure_kept(self, connection: Connection, revision: str) -> None:
        """Raise RevisionFailed if the revision's work was rolled back; one round trip.

        Only the transaction that Alembic began for it counts. A revision that has committed that
        one decides about its other transactions itself, and may roll back one that only read.
        """
        self._running = False
        self._refuse_lost(connection, revision)
        self.hidden.refuse(connection, revision)
        self._has_version_table = False  # it is committed with this one

    def row_follows(self, connection: Connection) -> None:
        """A version row is written next, in the transaction that is open."""
        _, now, _, self.role, *_ = one_row(connection, SQL_BEFORE_ROW)
        self.row_in = int(now)

    def _refuse_lost(self, connection: Connection, revision: str) -> None:
        if not self._begun:  # none has begun, or none that did anything
            self.row_follows(connection)
            return
        first = self._begun[0]
        if first.number is not None:
            status, now = one_row(connection, sql_of_fate(first.number))
            if status == "aborted":
                raise self._rolled_back(revision)
            if status == "in progress" and now != first.number:
                raise _prepared(revision)
            self.row_in = int(now)
            return
        identity, now, mark, *state, _ = one_row(connection, SQL_BEFORE_ROW)
        self.row_in, self.role = int(now), state[0]
        if first.identity == identity:
            return  # it goes on
        if first.identity == mark:
            if one_row(connection, sql_of_prepared(first))[0]:
                raise _prepared(revision)
            return  # it was committed
        if first.shared and state != [first.role, first.search_path]:
            raise _lost_state(revision)
        if one_row(connection, sql_of_lost(first))[0]:
            raise self._rolled_back(revision, sure=False)

    def _rolled_back(self, revision: str, *, sure: bool = True) -> RevisionFailed:
        text = f"revision {revision} rolled back its own transaction, and with it its own work"
        if self._has_version_table:
            return RevisionFailed(
                f"{text}, and the version table that Alembic had made in it",
                next_step="let a revision without a rollback be the first (an empty one, say), or"
                " use op.get_context().autocommit_block() in its place; then run again",
            )
        return RevisionFailed(
            text,
            next_step="remove the rollback from the revision, or let it be the first thing that it"
            f" does (savepoints, begin_nested(), are fine), then run again{_OTHERS * (not sure)}",
        )


def _prepared(revision: str) -> RevisionFailed:
    return RevisionFailed(
        f"revision {revision} prepared its transaction (PREPARE TRANSACTION): its work is neither"
        " committed nor rolled back, and keeps its locks until somebody ends it (SELECT gid FROM"
        " pg_prepared_xacts; ROLLBACK PREPARED '<gid>')",
        next_step="end what is prepared, remove PREPARE TRANSACTION from the revision; then run"
        " again",
    )


def _lost_state(revision: str) -> RevisionFailed:
    return RevisionFailed(
        f"revision {revision} rolled back its transaction, and with it the search_path or the role"
        " that had been set in it: what it did since may be in another schema",
        next_step="let env.py commit what it sets before context.configure(), or remove the"
        " rollback from the revision; then run again",
    )


def commit_rest(connection: Connection) -> None:
    """Commit the version row of a revision that committed its own transaction before the end."""
    if connection.in_transaction():
        connection.commit()
