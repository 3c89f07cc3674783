"""What the database is found to be: on env.py's connection before the work, on a new one after."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial

from headstart.decision.drift import Occasion, Response, response_to_drift
from headstart.decision.index_repair import InvalidIndex, unusable
from headstart.decision.other_hands import unless_changed_by_others
from headstart.decision.pending_detach import PendingDetach, unfinished
from headstart.decision.plan import Baseline, Plan, Upgrade
from headstart.facts.state import DatabaseFacts, State, detect
from headstart.fingerprint.match.finding import Proven
from headstart.postgres.beside import connect_to_read
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import READ_SECONDS, ConnectFailed, Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import BEGIN_READING, kept_transactions
from headstart.postgres.lock import RunLock
from headstart.postgres.version_holder import naming_holder
from headstart.process.retry import retried
from headstart.revisions.configured import Configured
from headstart.revisions.env_pass import Mode
from headstart.revisions.reading import OwnCatalog, OwnConnection
from headstart.revisions.run import Committed
from headstart.verbs.aftermath import Aftermath
from headstart.verbs.drift_report import report_drift
from headstart.verbs.healing import healing_of
from headstart.verbs.inspection import Image, Inspection, Inspector, inspector_of
from headstart.verbs.proof_mark import ProofMark
from headstart.verbs.task import Task
from headstart.verdict.errors import (
    AccessRefused,
    Blocked,
    ConnectionLost,
    HeadstartError,
    NotCommitted,
    RevisionFailed,
    Unproven,
)
from headstart.verdict.events.revisions import RevisionPartlyApplied, TransactionLeft
from headstart.verdict.events.schema import VersionRowsOutdated, VersionRowsRead
from headstart.verdict.proof import Proof

_NO_SCHEMA = "3F000"
"""What a server says for a wrong search_path, and for a schema whose USAGE the role lacks."""
_ROOM_SECONDS = 2.0
"""What the server needs to end a connection that was left idle, after a failure, too."""
_UNCOMMITTED = (
    "env.py begins a transaction before context.configure() and never commits it: commit what it"
    " executes there, or use engine.begin() instead of engine.connect()"
)
_ROLLED_BACK = (
    "env.py does not commit the transaction of its revisions, or rolls it back: let it commit, and"
    " remove whatever requests a dry run (such as -x)"
)


class Verification:
    """Looks at the database; the verdict's `to` is what it saw last.

    `configured` is None where env.py never came to its migrations. Nothing is looked at but where
    `lock` is held: a failover may have lost what was committed last. `make_room` ends what env.py
    has left idle, where no slot is left for a look.
    """

    def __init__(
        self,
        task: Task,
        lock: RunLock,
        image: Image,
        configured: Configured | None,
        make_room: Callable[[], None],
    ) -> None:
        self._task, self._lock, self._make_room = task, lock, make_room
        self._image = image
        self._history = image.history
        self._configured = configured
        self._inspector = inspector_of(task, image)
        if configured is not None:
            self._inspector = Inspector(
                image,
                replace(configured.scope, beside_others=task.target is not None),
                configured.tables,
                lock.found_empty,
                task.settings.ahead,
                task.settings.hold,
            )
        tables = self._inspector.our_tables
        self._healing = healing_of(task, lock, image, configured, tables)
        self._invalid: tuple[InvalidIndex, ...] = ()
        self._pending: tuple[PendingDetach, ...] = ()
        self._silent = self._hurried = False
        self._left_transaction = self._partly_applied = False
        self._before: tuple[str, ...] = ()
        self._ours: set[str] = set()

    def plan(self, inspection: Inspection) -> Plan:
        """What to do about what was found."""
        plan = self._inspector.plan(inspection)
        if self._healing is not None and isinstance(plan, Upgrade | Baseline):
            self._healing.expect(plan.pending, inspection.invalid)
        return plan

    def make_way(self, revision: str) -> None:
        """Drop the INVALID indexes that a revision is about to build. Raises as Healing does."""
        if self._healing is not None:
            self._healing.before(revision)

    def inspect_in(self, connection: OwnConnection) -> Inspection:
        """Read the facts, and where they are tables without a version row, prove the schema."""
        try:
            with connection.reading():
                catalog = nullcontext(OwnCatalog(connection))
                return self._found(self._inspector.inspect(connection, catalog))
        except Blocked as error:
            raise self._named(error) from None

    def _named(self, error: Blocked) -> Blocked:
        """With who holds the version table, as another connection sees it."""
        with suppress(HeadstartError), self._connected() as beside:
            return naming_holder(error, beside, BEGIN_READING, self._inspector.scope)
        return error

    def inspect_anew(self) -> Inspection:
        """The same, on a connection of its own."""
        with self._connected() as connection:
            return self._found(self._inspector.inspect(connection, Catalog(connection)))

    def _found(self, found: Inspection) -> Inspection:
        self._task.emit(VersionRowsRead(found.facts.version_rows))
        self._invalid, self._before = found.invalid, found.facts.version_rows
        self._pending = found.pending
        return found

    def prove_again(self, connection: OwnConnection, revisions: tuple[str, ...]) -> None:
        """Raise Unproven unless the schema is still that of these revisions."""
        finding = self._inspector.prove(OwnCatalog(connection))
        if not isinstance(finding, Proven) or finding.revisions != revisions:
            raise Unproven(
                "the schema changed while it was being compared",
                next_step="run again; something else is changing this database",
            )

    def verify_rows(self, held: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The version rows, which have to be the targets, less what is held back.

        Raises NotCommitted.
        """
        history = self._history.without(held)
        with self._connected() as connection:
            facts = self._read(connection)
            self._invalid = self._inspector.read_invalid(connection, facts)
            self._pending = self._inspector.read_pending(connection)
            if self._healing is not None:
                self._healing.look_again(connection, facts.version_rows)
        if detect(facts, history) is not State.AT_HEAD:
            raise NotCommitted(
                f"after the run the version row is {', '.join(facts.version_rows) or 'not there'},"
                f" not {', '.join(sorted(history.targets))}",
                next_step=self.cure_of_rollback(),
            )
        return facts.version_rows

    def refuse_unfinished(self) -> None:
        """Raise where an index was INVALID, or a partition half detached, when last looked for.

        That is never success.
        """
        if self._invalid:
            raise unusable(self._invalid)
        if self._pending:
            raise unfinished(self._pending)

    def verify_schema(
        self, rows: tuple[str, ...], occasion: Occasion, applied: tuple[str, ...] = ()
    ) -> Proof | None:
        """Compare the schema with what its version rows promise; None where nobody compares.

        Raises Drifted where a difference fails.
        """
        response = response_to_drift(self._task.settings.verify, occasion)
        if response is Response.SKIP or self._image.fingerprints.usable is None:
            return None
        mark = ProofMark(self._task, self._image, self._inspector.scope)
        with self._connected() as connection:
            looks = mark.look(connection, rows)
            with Catalog(connection) as catalog:
                comparison = self._inspector.compare(catalog, rows, applied)
            if comparison is not None and comparison.is_exact:
                mark.note(connection, looks)
        if comparison is None:
            return None
        return report_drift(self._task, occasion, comparison, rows)

    def note_left_transaction(self, revision: str) -> None:
        """A revision goes on outside the transaction that it began in."""
        self._left_transaction = True
        self._task.emit(TransactionLeft(revision))

    def note_partly_applied(self, revision: str, *, certain: bool) -> None:
        """A revision of this run failed after it had, or may have, committed a part of its work."""
        self._partly_applied = True
        self._task.emit(RevisionPartlyApplied(revision, certain))

    def note_committed(self, revisions: frozenset[str]) -> None:
        """This run has committed the version rows of these revisions."""
        self._ours |= revisions

    def read_committed(self, transactions: Collection[int]) -> Committed:
        """What has been committed; nothing where nobody answers any more."""
        with suppress(HeadstartError), self._connected() as connection:
            rows = self._read(connection).version_rows
            known = [row for row in rows if row in self._history.requirements]
            kept = kept_transactions(connection, transactions)
            return Committed(self._history.applied_with(known), kept)
        return Committed()

    def read_back(self, error: BaseException) -> BaseException:
        """Tell what the database has after a failure, rather than what we think; gives the error.

        It may turn out to be another one.
        """
        self._hurried = True
        self._task.emit(VersionRowsOutdated())
        # whatever the look meets: what ended the run is what has to be told
        with suppress(Exception), self._connected() as connection:
            return self._look_back(connection, error)
        return error

    def _look_back(self, connection: Connection, error: BaseException) -> BaseException:
        """Read what a failure left; the error may turn out to be another one."""
        try:
            facts = self._read(connection)
        except AccessRefused as refused:
            if not isinstance(error, RevisionFailed) or error.sqlstate != _NO_SCHEMA:
                raise
            return AccessRefused(
                f"{error}: {refused}", sqlstate=refused.sqlstate, next_step=refused.next_step
            )
        error = unless_changed_by_others(
            error, self._history, self._before, frozenset(self._ours), facts.version_rows
        )
        aftermath = Aftermath(
            self._task,
            self._image,
            self._inspector,
            self._healing,
            left_transaction=self._left_transaction,
            partly_applied=self._partly_applied,
        )
        return aftermath.of(error, connection, facts)

    def cure_of_rollback(self) -> str | None:
        """What to do where nothing was committed; None where the mode does not explain that."""
        configured = self._configured
        if configured is None or configured.begun_by_env:
            return None if configured is None else _UNCOMMITTED
        return _ROLLED_BACK if configured.mode is Mode.ATOMIC else None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if self._silent:  # after a failure: a second attempt would only take its time
            raise ConnectionLost("the database no longer answers")
        try:
            connection = self._connect()
        except ConnectFailed as error:
            self._silent = error.silent
            what = "the database went away" if self._hurried else "what was done is not verified"
            raise ConnectionLost(f"{what}: {error}") from None
        with connection:
            yield connection

    def _connect(self) -> Connection:
        """Connect to where the lock is held; after a failure to whatever answers."""
        patience = replace(self._task.patience(), make_room=self._make_room)
        if self._hurried:
            patience = replace(patience, deadline=self._task.within(_ROOM_SECONDS))
        connect = partial(self._task.connect_when_free, Purpose.READ, patience)
        return (
            connect() if self._hurried else connect_to_read(self._lock, connect, patience.deadline)
        )

    def _read(self, connection: Connection) -> DatabaseFacts:
        facts = self._read_patiently(connection)
        self._task.emit(VersionRowsRead(facts.version_rows))
        return facts

    def _read_patiently(self, connection: Connection) -> DatabaseFacts:
        """What was committed is worth a wait for who has locked the version table."""
        deadline = self._task.within(0 if self._hurried else READ_SECONDS)
        return retried(
            lambda: self._inspector.read_facts(connection),
            deadline,
            lambda error: isinstance(error, Blocked),
            lambda _: None,
        )
