"""What a failure has left in the database, or met there: looked at once more, and said."""

from contextlib import suppress
from pathlib import Path

from headstart.decision.healing import after_failure
from headstart.decision.index_repair import InvalidIndex, names_of
from headstart.decision.left_behind import Left, already_there, clause, unless_forbidden
from headstart.decision.pending_detach import left_by, met_again
from headstart.facts.applied_record import AppliedRecord, record_in
from headstart.facts.state import DatabaseFacts
from headstart.fingerprint.match.finding import Finding, HalfApplied, Unknowable
from headstart.fingerprint.match.half_applied import half_of
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import Connection
from headstart.postgres.event_triggers import read_event_triggers
from headstart.values import dataclass
from headstart.verbs.healing import Healing
from headstart.verbs.inspection import Image, Inspector
from headstart.verbs.task import Task
from headstart.verdict.errors import Drifted, HeadstartError, Interrupted, NotReady, RevisionFailed
from headstart.verdict.events.schema import Explained, WorkLeftBehind
from headstart.verdict.sqlstates import ALREADY_THERE_SQLSTATES, GONE_SQLSTATES


@dataclass(frozen=True)
class Aftermath:
    """A run that failed, and what it had done by then.

    `left_transaction`: a revision worked outside its transaction; `partly_applied`: one that failed
    had committed a part of its work.
    """

    task: Task
    image: Image
    inspector: Inspector
    healing: Healing | None
    left_transaction: bool
    partly_applied: bool

    def of(
        self, error: BaseException, connection: Connection, facts: DatabaseFacts
    ) -> BaseException:
        """The error, which may turn out to be another one. Drops what a failed build has left."""
        if self.healing is not None:
            with suppress(HeadstartError):
                self.healing.look_again(connection, facts.version_rows)
        if isinstance(error, Interrupted | NotReady | Drifted):  # a look has found it
            return error
        if isinstance(error, RevisionFailed) and error.raised_in:
            error = unless_forbidden(error, read_event_triggers(connection))
        invalid = self.inspector.read_invalid(connection, facts)
        if isinstance(error, RevisionFailed) and self._met(error):
            found = self._met_again(error, connection, facts, invalid)
            if isinstance(found, Interrupted):
                return found
        pending = self.inspector.read_pending(connection)
        if isinstance(error, RevisionFailed) and (met := met_again(error, pending)) is not None:
            return met
        dropped = self._dropped(error, connection, invalid)
        invalid = tuple(each for each in invalid if each not in dropped)
        self.task.emit(Explained(names_of(invalid)))
        left_behind = after_failure(error, dropped) or clause(error, invalid) or left_by(pending)
        if self.left_transaction and left_behind is not None:
            self.task.emit(WorkLeftBehind(left_behind))
        return error

    def _met(self, error: RevisionFailed) -> bool:
        """Whether a revision met what it would make, or misses what it would drop.

        The SQLSTATE of a RAISE is its author's word. What is missing after this run has itself
        committed a part of the revision tells nothing of an earlier one.
        """
        if error.raised_in:
            return False
        gone = error.sqlstate in GONE_SQLSTATES and not self.partly_applied
        return gone or error.sqlstate in ALREADY_THERE_SQLSTATES

    def _met_again(
        self,
        error: RevisionFailed,
        connection: Connection,
        facts: DatabaseFacts,
        invalid: tuple[InvalidIndex, ...],
    ) -> HeadstartError:
        finding = None
        with suppress(HeadstartError), Catalog(connection) as catalog:
            finding = self.inspector.prove(catalog)
        finding = self._half(finding, error.revision) or finding
        script = self._script(error.revision)
        dropped = self.healing.dropped_for(error.revision) if self.healing else ()
        rows, history = facts.version_rows, self.image.history
        failed_before = _failed_before(error, facts)
        left = Left(invalid, rows, history, script, finding, dropped, failed_before)
        return already_there(error, left)

    def _half(self, finding: Finding | None, revision: str | None) -> HalfApplied | None:
        """What is there of it, though the schema may be exactly that of an earlier revision."""
        usable = self.image.fingerprints.usable
        if usable is None or finding is None or isinstance(finding, Unknowable):
            return None
        return half_of(revision or "", finding.live, usable, self.image.history)

    def _dropped(
        self, error: BaseException, connection: Connection, invalid: tuple[InvalidIndex, ...]
    ) -> tuple[InvalidIndex, ...]:
        if self.healing is None or not isinstance(error, RevisionFailed):
            return ()
        # what it has met was there before
        met = error.sqlstate in ALREADY_THERE_SQLSTATES
        return () if met else self.healing.after(error, connection, invalid)

    def _script(self, revision: str | None) -> str:
        """The source of a revision's script, whatever its encoding; names of indexes are ASCII."""
        paths = [each.path for each in self.image.project.scripts if each.revision == revision]
        with suppress(OSError):
            return "".join(Path(path).read_bytes().decode(errors="replace") for path in paths)
        return ""


def _failed_before(error: RevisionFailed, facts: DatabaseFacts) -> bool:
    """Whether an earlier run has noted that this revision failed; this one is noted later."""
    record = record_in(facts.version_column.comment)
    failed = record.failed if isinstance(record, AppliedRecord) else None
    return failed is not None and failed.revision == error.revision
