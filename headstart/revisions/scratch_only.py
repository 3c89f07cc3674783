"""Let SQLAlchemy work only in the scratch database while revisions are replayed.

env.py or a revision may have an engine of its own, with an URL from a variable that we know nothing
of. What it executes there would be kept in somebody's database, so every connection proves, before
its first statement, that the fence of our lock is there, too. What talks to a driver itself
(psycopg2.connect) is not seen. An ordinary run has nothing of this: there an engine to another
database is the team's own business.
"""

import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from headstart.postgres.advisory_lock import held_condition
from headstart.revisions.causes import innermost_place
from headstart.revisions.project import Project
from headstart.revisions.worker import Worker
from headstart.values import dataclass
from headstart.verdict.errors import Cancelled, HeadstartError, WrongDatabase

_PROVEN = "headstart.proven"
"""Where a connection's `info` keeps the nonce of the fence that it has seen."""


@contextmanager
def only_in_scratch(project: Project, worker: Worker) -> Iterator[None]:
    """Refuse each connection to another database than the worker's.

    Raises WrongDatabase at the end, too, whatever env.py or a revision made of the refusal.
    """
    gate = _Gate(worker, [Path(project.directory.dir), *project.folders])
    with ExitStack() as attached:
        for target, name, listener in (
            (Pool, "first_connect", gate.handed_out),
            (Pool, "connect", gate.handed_out),
            (Pool, "checkout", gate.handed_out),  # a pool may have one from before the block
            (Engine, "begin", gate.begun),
            (Engine, "commit", gate.committing),
        ):
            event.listen(target, name, listener, insert=True)  # before the app's own listeners
            attached.callback(event.remove, target, name, listener)
        try:
            yield
        except Cancelled:
            raise
        except BaseException as error:
            if gate.refusal in (None, error, error.__cause__):
                raise
            raise gate.refusal from None
        gate.refuse_again()


@dataclass
class _Gate:
    """Asks each connection for the fence; after the first refusal nothing is let through."""

    worker: Worker
    folders: list[Path]
    refusal: HeadstartError | None = field(default=None, init=False)

    def handed_out(self, raw: DBAPIConnection, record: Any, *_: Any) -> None:
        """A pool has opened a connection, or is about to lend one."""
        dialect = getattr(record, "_ConnectionRecord__pool")._dialect  # noqa: B009  mangled
        if getattr(dialect, "name", None) != "postgresql":
            return
        if self._prove(raw, record.info):
            raw.rollback()  # one in a transaction could not be put into AUTOCOMMIT

    def begun(self, connection: Connection) -> None:
        """A transaction begins; its connection may have been lent before the block."""
        self.refuse_again()
        if connection.dialect.name == "postgresql":
            raw = connection.connection.dbapi_connection
            assert raw is not None
            self._prove(raw, connection.info)

    def committing(self, _: Connection) -> None:
        """Nothing is kept of what goes on after a refusal."""
        self.refuse_again()

    def refuse_again(self) -> None:
        """Raise what was refused, if anything was."""
        if self.refusal is not None:
            raise self.refusal

    def _prove(self, raw: DBAPIConnection, info: dict[Any, Any]) -> bool:
        """Whether it had to be asked. Raises WrongDatabase, and closes it."""
        if info.get(_PROVEN) == self.worker.nonce and self.refusal is None:
            return False
        try:
            self.refuse_again()
            if not _sees_fence(raw, self.worker.nonce):
                self.refusal = self._explain()
                self.refuse_again()
        except BaseException:
            with suppress(Exception):
                raw.close()  # the pool may keep it
            raise
        info[_PROVEN] = self.worker.nonce
        return True

    def _explain(self) -> HeadstartError:
        missing = self.worker.explain_missing_fence(False, "another one")
        if not isinstance(missing, WrongDatabase):
            return missing
        place = innermost_place(traceback.extract_stack(), self.folders)
        return WrongDatabase(
            f"{place or 'env.py or a revision'}: an engine connects to another database than the"
            " scratch one, in which the revisions are replayed; nothing was executed there",
            next_step="let it use the URL that headstart gives (sqlalchemy.url, DATABASE_URL), and"
            " name in HEADSTART_URL_VARIABLES the variable that it takes its URL from",
        )


def _sees_fence(raw: DBAPIConnection, nonce: int) -> bool:
    fence = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(nonce)}"
    cursor = raw.cursor()
    try:
        cursor.execute(f"SELECT EXISTS ({fence})")
        row: Any = cursor.fetchone()
        return bool(row[0])
    finally:
        cursor.close()
