"""What the database is found to be, on a new connection each time: version rows, schema, proof."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from headstart.decision.index_repair import InvalidIndex, names_of, unusable
from headstart.decision.left_behind import Left, already_there, clause
from headstart.facts.state import DatabaseFacts, History, OurTables, State, detect
from headstart.fingerprint.match.finding import Finding, Proven
from headstart.postgres.catalog import Catalogue
from headstart.postgres.connection import ConnectFailed, Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import inspect_database, transaction_kept
from headstart.revisions.environment import Mode
from headstart.revisions.known_states import KnownStates
from headstart.revisions.probe import Probe
from headstart.revisions.project import Project
from headstart.revisions.script_source import made_tables
from headstart.revisions.upgrade import Committed
from headstart.settings.kinds import Verify
from headstart.verbs.compare import Catalogue as AnyCatalogue
from headstart.verbs.compare import (
    compare,
    fails_on_drift,
    finding_of,
    invalid_indexes,
    note_difference,
    our_tables,
)
from headstart.verbs.task import Task
from headstart.verdict.errors import (
    ConnectionLost,
    Drifted,
    HeadstartError,
    Interrupted,
    NotCommitted,
    NotReady,
    RevisionFailed,
    Unproven,
)
from headstart.verdict.proof import Proof
from headstart.verdict.sqlstates import ALREADY_THERE_SQLSTATES

_UNCOMMITTED = (
    "env.py begins a transaction before context.configure() and never commits it: commit what it"
    " executes there, or use engine.begin() instead of engine.connect()"
)
_ROLLED_BACK = (
    "env.py does not commit the transaction of its revisions, or rolls it back: let it commit, and"
    " take away what asks for a dry run (-x, say)"
)


class Look:
    """Reads the facts, on a new connection each time; the verdict's `to` is what it saw last."""

    def __init__(
        self, task: Task, project: Project, history: History, probe: Probe, known: KnownStates
    ) -> None:
        self.task = task
        self.history = history
        self._project = project
        self._probe = probe
        self._known = known
        self._invalid: tuple[InvalidIndex, ...] = ()
        self._silent = False

    def tell_state(self) -> tuple[DatabaseFacts, State, Finding | None]:
        """Read the facts, and where they are tables without a version row, prove the schema."""
        with self._connected() as connection:
            facts = self._read(connection)
            state = detect(facts, self.history)
            self._invalid = self._read_invalid(connection, facts)
            finding = None
            if state is State.UNVERSIONED and self.history.baseline is None:
                with Catalogue(connection) as catalogue:
                    finding = self._prove(catalogue)
        return facts, state, finding

    def prove_again(self, catalogue: AnyCatalogue, revisions: tuple[str, ...]) -> None:
        """Raise Unproven unless the schema is still that of these revisions."""
        finding = self._prove(catalogue)
        if not isinstance(finding, Proven) or finding.revisions != revisions:
            raise Unproven(
                "the schema was changed while it was looked at",
                next_step="run again; somebody else changes this database",
            )

    def verify_rows(self) -> tuple[str, ...]:
        """The version rows, which have to be the targets. Raises NotCommitted."""
        with self._connected() as connection:
            facts = self._read(connection)
            self._invalid = self._read_invalid(connection, facts)
        if detect(facts, self.history) is not State.AT_HEAD:
            raise NotCommitted(
                f"after the run the version row is {', '.join(facts.version_rows) or 'not there'},"
                f" not {', '.join(sorted(self.history.targets))}",
                next_step=self.cure_of_rollback(),
            )
        return facts.version_rows

    def refuse_invalid(self) -> None:
        """Raise where an index was INVALID when last looked for: that is never success."""
        if self._invalid:
            raise unusable(self._invalid)

    def verify_schema(self, rows: tuple[str, ...], *, failing: bool) -> Proof:
        """Compare the schema with what its version rows promise. Raises Drifted where it fails."""
        verify, known = self.task.settings.verify, self._known.usable
        if verify is Verify.OFF or known is None:
            return Proof.VERSION_ROW
        with self._connected() as connection, Catalogue(connection) as catalogue:
            found = compare(catalogue, known, self.history, self._probe.scope, rows)
        fails = fails_on_drift(verify, auto=failing)
        return note_difference(self.task, found, rows, fails=fails)

    def back(self, transaction: int | None) -> Committed:
        """What has been committed; nothing where nobody answers any more."""
        with suppress(HeadstartError), self._connected() as connection:
            known = [
                r for r in self._read(connection).version_rows if r in self.history.requirements
            ]
            return Committed(
                self.history.applied_with(known),
                transaction is not None and transaction_kept(connection, transaction),
            )
        return Committed(frozenset(), transaction_kept=False)

    @contextmanager
    def read_back(self) -> Iterator[None]:
        """Where the block fails, tell what the database has now rather than what we think."""
        try:
            yield
        except BaseException as error:
            self.task.record.to_revisions = None
            found = error
            # whatever the look meets: what ended the run is what has to be told
            with suppress(Exception), self._connected() as connection:
                found = self._look_back(connection, error)
            if found is not error:
                raise found from error
            raise

    def _look_back(self, connection: Connection, error: BaseException) -> BaseException:
        """Read what a failure left; the error may turn out to be another one."""
        facts = self._read(connection)
        if isinstance(error, Interrupted | NotReady | Drifted):  # a look has found it
            return error
        invalid = self._read_invalid(connection, facts)
        if isinstance(error, RevisionFailed) and error.sqlstate in ALREADY_THERE_SQLSTATES:
            finding = None
            with suppress(HeadstartError), Catalogue(connection) as catalogue:
                finding = self._prove(catalogue)
            script = self._script(error.revision)
            left = Left(invalid, facts.version_rows, self.history, script, finding)
            found = already_there(error, left)
            if isinstance(found, Interrupted):
                return found
        self.task.record.explain(names_of(invalid))
        if self.task.record.left_transaction is not None:
            self.task.record.left_behind = clause(error, invalid)
        return error

    def _script(self, revision: str | None) -> str:
        """The source of a revision's script, whatever its encoding; names of indexes are ASCII."""
        paths = [each.path for each in self._project.scripts if each.revision == revision]
        with suppress(OSError):
            return "".join(Path(path).read_bytes().decode(errors="replace") for path in paths)
        return ""

    def _prove(self, catalogue: AnyCatalogue) -> Finding | None:
        return finding_of(catalogue, self._known, self.history, self._probe.scope)

    def cure_of_rollback(self) -> str | None:
        """What to do where nothing was committed; None where the mode does not explain that."""
        if self._probe.begun_by_env:
            return _UNCOMMITTED
        return _ROLLED_BACK if self._probe.mode is Mode.ATOMIC else None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if self._silent:  # after a failure: a second attempt would only take its time
            raise ConnectionLost("the database does not answer any more")
        try:
            connection = self.task.connect(Purpose.READ)
        except ConnectFailed as error:
            self._silent = error.silent
            raise ConnectionLost(f"the database went away: {error}") from None
        with connection:
            yield connection

    def _read(self, connection: Connection) -> DatabaseFacts:
        facts = inspect_database(connection, self._probe.scope, self._our_tables)
        self.task.record.to_revisions = facts.version_rows
        return facts

    def _read_invalid(
        self, connection: Connection, facts: DatabaseFacts
    ) -> tuple[InvalidIndex, ...]:
        scope, rows = self._probe.scope, facts.version_rows
        return invalid_indexes(connection, scope, self._known, rows, self._our_tables)

    def _our_tables(self) -> OurTables:
        if self._known.usable is not None:
            return our_tables(self._known.usable)
        made = made_tables(self._project)
        return replace(made, names=made.names | self._probe.tables)
