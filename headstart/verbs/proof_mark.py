"""The proof mark: noted in the record once a run has proven the schema, for the gate to find.

The order matters. First the number of the schema is read, then the schema is proven, then the mark
is written with that first number: a change in between leaves a mark that fits nothing. It is
written under the run lock, in a transaction that makes nothing else, and only where it differs.
Whatever is in its way, there is no mark then, so no gate, and everything else is as it was.

There are two: the ordinary one, and that of a target, where the version table is named with its
schema (target_proof.py). A run may write either, both or none; the other is kept as good as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from headstart.facts.applied_record import NoRecord, record_in
from headstart.facts.literals import literal
from headstart.facts.sql import identifier
from headstart.facts.state import Scope
from headstart.fingerprint.file.header import Header, header_of
from headstart.gate.mark import PROOF, TARGET, mark_in, mark_text, renewed, target_mark
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.proof_question import leaving, question
from headstart.postgres.read_failure import named_failures
from headstart.postgres.target_question import leaving_target
from headstart.postgres.targets import Wanted, read_targets
from headstart.settings.kinds import Gate, RecordKeeping
from headstart.values import dataclass
from headstart.verbs.inspection import Image
from headstart.verbs.target_proof import is_fit, place_named, settings_digest
from headstart.verbs.task import Task
from headstart.verdict.errors import HeadstartError


@dataclass(frozen=True)
class Look:
    """What was found before the schema was proven, on the connection that notes it.

    `settings` is the digest of a target's, None for the ordinary mark; `leaving` is the question
    what the objects refer to beside themselves.
    """

    body: str
    comment: str | None
    server: str
    written_by: int | None
    digest: str
    leaving: str
    settings: str | None = None

    @property
    def name(self) -> str:
        """What the mark is called in the record."""
        return PROOF if self.settings is None else TARGET

    def mark(self, transaction: int) -> str:
        """The mark, written by a transaction."""
        text = mark_text(self.body, self.server, transaction, self.digest)
        return text if self.settings is None else target_mark(text, self.settings)

    @property
    def is_noted(self) -> bool:
        """Whether the mark is there."""
        if self.comment is None or self.written_by is None:
            return False
        return mark_in(self.comment, self.name) == self.mark(self.written_by)


class ProofMark:
    """Notes on one connection what another comparison has proven; `scope` is where env.py works."""

    def __init__(self, task: Task, image: Image, scope: Scope) -> None:
        self._task, self._image, self._scope = task, image, scope

    def look(self, connection: Connection, rows: tuple[str, ...]) -> tuple[Look, ...]:
        """Read the number of the schema; none where no mark is to be written for these rows."""
        header = self._header()
        if header is None or sorted(rows) != sorted(header.heads):
            return ()
        looks: list[Look | None] = []
        with suppress(HeadstartError), named_failures():
            looks.append(self._look(connection, header, rows))
        with suppress(HeadstartError), named_failures():
            looks.append(self._look_at_target(connection, header))
        return tuple(filter(None, looks))

    def note(self, connection: Connection, looks: tuple[Look, ...]) -> None:
        """Write the marks, unless they are there; the schema has been proven since `looks`."""
        with suppress(HeadstartError), named_failures():
            missing = [each for each in looks if not each.is_noted]
            kept = [each for each in missing if self._may_be_written(connection, each)]
            # somebody has written the comment between the looks
            if kept and len({each.comment for each in kept}) == 1:
                with _transaction(connection):
                    self._write(connection, kept)

    def _header(self) -> Header | None:
        settings, usable = self._task.settings, self._image.fingerprints.usable
        if usable is None or settings.gate is Gate.OFF or settings.record is RecordKeeping.OFF:
            return None
        return header_of(usable.header)

    def _look(self, connection: Connection, header: Header, rows: tuple[str, ...]) -> Look | None:
        """Where the settings let a gate answer, and env.py works where the gate would look."""
        settings, scope = self._task.settings, self._scope
        fit = header.blind is None and (header.unfit is None or settings.gate is Gate.ON)
        elsewhere = scope.version_schema is not None or scope.version_table != header.version_table
        if settings.x or elsewhere or not fit:
            return None
        names = (header.version_table, header.objects)
        sql = question(*names, READ_SECONDS)
        row = connection.execute(sql, timeout_seconds=READ_SECONDS, pin=False)[0]
        found, writable, owned, comment, server, xmin, digest, _, _ = row
        if not (writable and owned and sorted(str(found).split("\n")) == sorted(rows)):
            return None
        said = None if comment is None else str(comment)
        by = None if xmin is None else int(str(xmin))
        return Look(header.body, said, str(server), by, str(digest), leaving(*names))

    def _look_at_target(self, connection: Connection, header: Header) -> Look | None:
        """Where the version table is named, and env.py works there."""
        place = place_named(self._task.settings, self._scope)
        if place is None or not is_fit(header, self._task.settings):
            return None
        wanted = Wanted(tuple(header.heads), tuple(header.objects))
        (seen,) = read_targets(connection, [place], wanted)
        schema, table = seen.schema, seen.table
        if schema is None or table is None or not (seen.writable and schema.owned and schema.sound):
            return None
        return Look(
            header.body,
            schema.comment,
            schema.server,
            schema.written_by,
            schema.number,
            leaving_target((table.oid, place.table), header.objects),
            settings_digest(place, header),
        )

    def _may_be_written(self, connection: Connection, look: Look) -> bool:
        pin = look.settings is not None
        leaves = connection.execute(look.leaving, timeout_seconds=READ_SECONDS, pin=pin)[0][0]
        if leaves or look.settings is not None:
            return not leaves
        schema = connection.execute("SELECT pg_catalog.current_schema()", pin=False)[0][0]
        return bool(schema == self._scope.schema)

    def _write(self, connection: Connection, looks: list[Look]) -> None:
        comment, before = looks[0].comment, looks[0].written_by
        record = record_in(comment)
        if isinstance(record, NoRecord):
            return
        number = connection.execute("SELECT pg_catalog.txid_current()")[0][0]
        marks = _renewed(comment, before, int(str(number)))
        marks |= {look.name: look.mark(int(str(number))) for look in looks}
        text = replace(record, proof=marks.get(PROOF), target=marks.get(TARGET)).text
        if text is not None:
            schema = self._scope.version_schema or self._scope.schema
            table = ".".join(map(identifier, (str(schema), self._scope.version_table)))
            connection.execute(f"COMMENT ON TABLE {table} IS {literal(text)}")


def _renewed(comment: str | None, before: int | None, now: int) -> dict[str, str]:
    """The marks that are there, for the transaction that writes the comment anew."""
    if comment is None or before is None:
        return {}
    marks = {name: renewed(mark_in(comment, name), before, now) for name in (PROOF, TARGET)}
    return {name: mark for name, mark in marks.items() if mark}


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """One of its own, without a savepoint: the number of the transaction is the row's xmin then."""
    connection.execute("BEGIN; SET LOCAL lock_timeout = '50ms'")
    try:
        yield
    except BaseException:
        with suppress(HeadstartError), named_failures():
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
