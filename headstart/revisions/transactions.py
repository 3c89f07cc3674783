"""Watch the transaction of a revision: one that was rolled back inside it must not be stamped.

A revision may end its own transaction: op.get_bind().rollback(), a Session, op.execute("ROLLBACK").
Alembic would write the version row all the same, in the next transaction or in none. So the server
is asked what became of it: txid_status knows, even if the revision has bypassed SQLAlchemy.

An example: a revision that adds a column, rolls back to undo a probe of its own, then adds another.

    start_revision()              nothing has begun:  begun []            first None
    op.add_column(..)             Alembic began 731:  begun [731]         first 731
    get_bind().rollback()         the server forgets the column
    op.add_column(..)             SQLAlchemy, 732:    begun [731, 732]    left is True
    ensure_kept()                 txid_status(731) is "aborted": RevisionFailed, and no version row

Had it committed 731 instead, the status would be "committed" and the revision goes on: its first
half stays, whatever follows, which is why a failure later on says so (left).
"""

from sqlalchemy import Connection

from headstart.revisions.worker import one_row
from headstart.verdict.errors import RevisionFailed


class TransactionWatch:
    """The transactions begun since the revision started, by their server ids; the first counts."""

    def __init__(self) -> None:
        self._begun: list[int] = []
        self._outside = False

    @property
    def first(self) -> int | None:
        """The one that the revision began its work in."""
        return self._begun[0] if self._begun else None

    @property
    def left(self) -> bool:
        """Whether the revision has left that one, so that some of its work may be committed."""
        return self._outside or len(self._begun) > 1

    def begun(self, transaction: int | None) -> None:
        """Note a transaction of the connection on which the revisions run.

        None for an autocommit block, whose statements have none.
        """
        if transaction is None:
            self._outside = True
        else:
            self._begun.append(transaction)

    def start_revision(self, connection: Connection) -> None:
        """Forget the earlier ones; a transaction that is open already is this revision's."""
        self._outside = False
        # in mode atomic one transaction holds all revisions, and each has to find it still alive
        self._begun[:] = self._begun[-1:] if connection.in_transaction() else []

    def ensure_kept(self, connection: Connection, revision: str) -> None:
        """Raise RevisionFailed if the revision's transaction was rolled back; one round trip.

        Only the one that Alembic began for it counts. A revision that has committed that
        one decides about its other transactions itself, and may roll back one that only read.
        """
        if self.first is None:
            return  # none has begun, so none can have been rolled back
        if one_row(connection, f"SELECT pg_catalog.txid_status({self.first})")[0] == "aborted":
            raise RevisionFailed(
                f"revision {revision} rolled back its own transaction, and with it its own work",
                next_step="remove the rollback from the revision (savepoints, begin_nested(), are"
                " fine), then run again",
            )


def commit_rest(connection: Connection) -> None:
    """Commit the version row of a revision that committed its own transaction before the end."""
    if connection.in_transaction():
        connection.commit()
