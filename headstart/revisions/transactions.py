"""Watch the transaction of a revision: one that was rolled back inside it must not be stamped.

A revision may end its own transaction: op.get_bind().rollback(), a Session, op.execute("ROLLBACK").
Alembic would write the version row all the same, in the next transaction or in none. The server is
asked what became of it: txid_status knows it also where SQLAlchemy was passed by.
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
        self._begun[:] = self._begun[-1:] if connection.in_transaction() else []

    def ensure_kept(self, connection: Connection, revision: str) -> None:
        """Raise RevisionFailed where the revision's transaction was rolled back; one round trip.

        Only the one that Alembic began for it counts. A revision that has committed that one rules
        its further transactions itself, and may well roll back one that only read.
        """
        if self.first is None:
            return
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
