"""What is noted in the record beside a revision's own transaction, on a connection of our own.

That a revision has failed, and how often; that one has begun to commit whose author says no. Only
where the record may be written, and never in the way: it waits for no lock, takes a second at most,
and whatever it meets, the run goes on, or ends, as without.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from headstart.facts.applied_record import UNKNOWN_MARK, AppliedRecord, record_in
from headstart.facts.lineage import words_of_begun
from headstart.facts.literals import literal
from headstart.facts.sql import identifier
from headstart.postgres.connection import connect
from headstart.postgres.identity import Purpose
from headstart.revisions.recording import Recording
from headstart.values import dataclass
from headstart.verbs.task import Task
from headstart.verdict.errors import ConnectionLost, Explanation, HeadstartError, NotReady

_SECONDS = 1.0


@dataclass(frozen=True)
class RecordNote:
    """Where to note it, and as which role: the one that env.py works as."""

    task: Task
    recording: Recording
    role: str | None

    def begun(self, revision: str) -> None:
        """A revision goes on outside its transaction: its author's no must not wait for its end."""
        if revision in self.recording.forbidding:
            entry = self.recording.entry(revision, UNKNOWN_MARK, 0.0, words_of_begun())
            self._change(lambda record: record.after_beginning(entry))

    def failed(self, error: BaseException, revision: str) -> None:
        """Count the failure, and let the error say it where it is not the first one."""
        passing = isinstance(error, ConnectionLost | NotReady)
        if not isinstance(error, HeadstartError) or passing:
            return
        image = self.recording.image
        what = image or self.recording.digest_of(revision)
        noted = self._change(lambda record: record.after_failing(revision, what))
        if noted is None or noted.failed is None or noted.failed.times == 1:
            return
        times, who = noted.failed.times, "image" if image else "script"
        line = f"the same {who} has failed here {times} times at {revision}"
        told = error.explanation
        fields = {**told.fields, "failed_times": times}
        error.explanation = Explanation((*told.lines, line), fields)
        error.next_step = f"{error.next_step} ({line})"

    def _change(self, change: Callable[[AppliedRecord], AppliedRecord]) -> AppliedRecord | None:
        """Write what it makes of the record; gives that, or None where it was not written."""
        table, end = self.recording.table, time.monotonic() + _SECONDS
        name = self.task.identity.name(Purpose.READ)

        def left() -> float:
            return max(0.0, end - time.monotonic())

        with suppress(Exception), connect(self.task.resolve(), name, left()) as connection:
            role = f"SET LOCAL ROLE {identifier(self.role)}; " if self.role else ""
            lock = f"LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT"
            connection.execute(f"BEGIN; {role}{lock}", timeout_seconds=left())
            comment = (
                f"pg_catalog.obj_description({literal(table)}::pg_catalog.regclass, 'pg_class')"
            )
            rows = connection.execute(f"SELECT {comment}", timeout_seconds=left())
            record = record_in(None if rows[0][0] is None else str(rows[0][0]))
            changed = change(record) if isinstance(record, AppliedRecord) else None
            if changed is not None and changed.text is not None:
                written = f"COMMENT ON TABLE {table} IS {literal(changed.text)}"
                connection.execute(written, timeout_seconds=left())
                connection.execute("COMMIT", timeout_seconds=left(), pin=False)
                return changed
        return None
