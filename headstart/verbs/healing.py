"""Clear INVALID indexes out of the way of the revisions that build them, before and after.

Before a revision runs, an INVALID index that it builds is dropped; after one has failed, what its
own build has left. What may not be dropped is refused before anything is done.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial

from headstart.decision.healing import (
    dropped_after,
    dropped_before,
    indexes_built,
    is_being_built,
    is_not_dropped,
    not_rebuilt,
    to_drop,
)
from headstart.decision.index_repair import InvalidIndex
from headstart.facts.state import OurTables
from headstart.fingerprint.statements.sql_indexes import NamedIndex
from headstart.postgres.beside import connect_to_read
from headstart.postgres.connection import ConnectFailed, Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.index_drop import (
    DropRefused,
    drop_invalid_index,
    is_only_vacuumed,
    schema_of_table,
)
from headstart.postgres.indexes import read_gone, read_invalid_indexes
from headstart.postgres.lock import RunLock
from headstart.postgres.patience import Patience
from headstart.process.retry import retried
from headstart.revisions.configured import Configured
from headstart.revisions.env_pass import Mode
from headstart.revisions.script_source import built_indexes
from headstart.settings.kinds import InvalidIndexes
from headstart.verbs.index_wait import TableWait
from headstart.verbs.inspection import Image
from headstart.verbs.task import Task
from headstart.verdict.errors import Blocked, ConnectionLost, HeadstartError, RevisionFailed

Connected = Callable[[], AbstractContextManager[Connection]]
ReadInvalid = Callable[[Connection], tuple[InvalidIndex, ...]]


class Healing:
    """What is dropped in one run; `connected` gives a connection of ours to the database."""

    def __init__(
        self,
        task: Task,
        image: Image,
        configured: Configured,
        connected: Connected,
        read_invalid: ReadInvalid,
    ) -> None:
        self._task, self._image, self._configured = task, image, configured
        self._connected, self._read_invalid = connected, read_invalid
        self._waiting: tuple[str, ...] = ()
        self._found: tuple[InvalidIndex, ...] = ()
        self._expected: tuple[str, ...] = ()
        self._dropped: dict[str, tuple[InvalidIndex, ...]] = {}
        self._to_miss: dict[str, tuple[InvalidIndex, ...]] = {}

    def expect(self, pending: tuple[str, ...], found: tuple[InvalidIndex, ...]) -> None:
        """Note what is to run, and the INVALID indexes that there are; without any, rest."""
        self._expected, self._found = pending, found
        self._waiting = pending if found else ()

    def before(self, revision: str) -> None:
        """Drop what a revision is to build. Raises Blocked, Interrupted, ConnectionLost.

        Where one transaction holds all revisions, it would be in our way from the first one on: so
        there what any of them builds is dropped before that.
        """
        if revision not in self._waiting:
            return
        atomic = self._configured.mode is Mode.ATOMIC
        revisions = self._waiting if atomic else (revision,)
        self._waiting = () if atomic else self._waiting
        names = {index.name for index in self._found}
        if all(names.isdisjoint(each.name for each in self._builds(one)) for one in revisions):
            return
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._connected())
            except ConnectionLost:
                self._refuse(revisions)
            else:
                self._clear(connection, revisions)

    def _clear(self, connection: Connection, revisions: tuple[str, ...]) -> None:
        taken: set[str] = set()
        for revision in revisions:
            for index in self._built(connection, revision, taken):
                self._drop(connection, index, revision)
            taken |= built_indexes(self._image.project, revision).dropped

    def _refuse(self, revisions: tuple[str, ...]) -> None:
        """No connection is to be had: what was found at first tells whether one is needed."""
        path = self._configured.scope.search_path

        def place(table: str) -> str | None:
            schemas = (each.schema for each in self._found if each.table == table)
            return next((schema for schema in schemas if schema in path), None)

        for revision in revisions:
            for index in to_drop(self._found, self._builds(revision), place):
                raise is_not_dropped(index, revision, _NO_CONNECTION)

    def after(
        self, error: RevisionFailed, connection: Connection, invalid: Collection[InvalidIndex]
    ) -> tuple[InvalidIndex, ...]:
        """Drop what the build of a failed revision has left; gives what was dropped.

        Where that cannot be done, it stays, and is named as what was left.
        """
        revision = error.revision
        if revision is None or self._task.settings.invalid_indexes is InvalidIndexes.REFUSE:
            return ()
        built = self._builds(revision)
        place = partial(schema_of_table, connection, self._configured.scope.search_path)
        gone: list[InvalidIndex] = []
        with suppress(HeadstartError, DropRefused):
            for index in to_drop(invalid, built, place):
                if not index.builder and self._drop_once(connection, index):
                    gone.append(index)
                    self._task.emit(dropped_after(index, revision))
        return tuple(gone)

    def dropped_for(self, revision: str | None) -> tuple[InvalidIndex, ...]:
        """What this run has dropped before that revision."""
        return self._dropped.get(revision or "", ())

    def look_again(self, connection: Connection, rows: Collection[str]) -> None:
        """Tell which index has not been built again by its revision, which was applied.

        A script may build it under a condition. One that a later revision has dropped by its name
        is not missed. Looks once, and only where something was dropped.
        """
        dropped, self._to_miss = self._to_miss, {}
        history, later = self._image.history, set[str]()
        applied = history.applied_with([row for row in rows if row in history.requirements])
        missed: dict[InvalidIndex, str] = {}
        for revision in reversed(self._expected if dropped else ()):
            for index in dropped.get(revision, ()) if revision in applied else ():
                if index.name not in later:
                    missed[index] = revision
            later |= built_indexes(self._image.project, revision).dropped
        for index in read_gone(connection, missed) if missed else ():
            self._task.emit(not_rebuilt(index, missed[index]))

    def _built(
        self, connection: Connection, revision: str, taken: Collection[str]
    ) -> Iterator[InvalidIndex]:
        built = self._builds(revision)
        if not built:
            return
        place = partial(schema_of_table, connection, self._configured.scope.search_path)
        for index in to_drop(self._read_invalid(connection), built, place):
            if index.name not in taken:  # an earlier one drops it itself
                yield index

    def _builds(self, revision: str) -> frozenset[NamedIndex]:
        script = built_indexes(self._image.project, revision)
        usable, schema = self._image.fingerprints.usable, self._configured.scope.schema or ""
        return indexes_built(revision, script.made, script.dropped, usable, schema)

    def _drop(self, connection: Connection, index: InvalidIndex, revision: str) -> None:
        task = self._task
        if index.builder:
            raise is_being_built(index, revision)
        if task.settings.invalid_indexes is InvalidIndexes.REFUSE:
            raise is_not_dropped(index, revision, "HEADSTART_INVALID_INDEXES=refuse")

        def attempt() -> InvalidIndex | None:
            task.signals.raise_if_received()
            try:
                return self._drop_once(connection, index)
            except Blocked:
                if not is_only_vacuumed(connection, index):
                    raise
            return self._drop_once(connection, index, behind_vacuum=True)

        deadline = task.within(task.settings.ddl_retry_seconds)
        wait = TableWait(task, connection, index, revision, deadline)
        try:
            dropped = retried(attempt, deadline, _may_pass, wait.pause)
        except Blocked:
            raise wait.refusal() from None
        except DropRefused as refused:
            raise is_not_dropped(index, revision, str(refused)) from None
        if dropped is not None:
            self._dropped[revision] = (*self.dropped_for(revision), dropped)
            self._to_miss[revision] = self._dropped[revision]
            task.emit(dropped_before(index, revision))

    def _drop_once(
        self, connection: Connection, index: InvalidIndex, *, behind_vacuum: bool = False
    ) -> InvalidIndex | None:
        role = self._configured.scope.role
        return drop_invalid_index(connection, index, role, behind_vacuum=behind_vacuum)


def healing_of(
    task: Task,
    lock: RunLock,
    image: Image,
    configured: Configured | None,
    our_tables: Callable[[], OurTables],
) -> Healing | None:
    """On a third connection, while env.py's is in use; None where env.py ran no migrations."""
    if configured is None:
        return None
    scope = configured.scope

    @contextmanager
    def connected() -> Iterator[Connection]:
        patience = Patience(task.within(_SLOT_SECONDS), task.emit)
        connect = partial(task.connect_when_free, Purpose.READ, patience)
        try:
            connection = connect_to_read(lock, connect, patience.deadline)
        except ConnectFailed as error:
            raise ConnectionLost(f"no other connection: {error}") from None
        with connection:
            yield connection

    def read_invalid(connection: Connection) -> tuple[InvalidIndex, ...]:
        return read_invalid_indexes(connection, scope, our_tables)

    return Healing(task, image, configured, connected, read_invalid)


_SLOT_SECONDS = 2.0
_NO_CONNECTION = (
    "that takes a connection beside those of the run lock and of env.py, and none was to be had"
)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Blocked)
