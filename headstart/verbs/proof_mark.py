"""The proof mark: noted in the record once a run has proven the schema, for the gate to find.

The order matters. First the number of the schema is read, then the schema is proven, then the mark
is written with that first number: a change in between leaves a mark that fits nothing. It is
written under the run lock, in a transaction that makes nothing else, and only where it differs.
Whatever is in its way, there is no mark then, so no gate, and everything else is as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from headstart.facts.applied_record import NoRecord, record_in
from headstart.facts.literals import literal
from headstart.facts.sql import identifier
from headstart.facts.state import Scope
from headstart.fingerprint.file.header import Header, header_of
from headstart.gate.mark import mark_in, mark_text
from headstart.postgres.connection import READ_SECONDS, Connection
from headstart.postgres.proof_question import leaving, question
from headstart.postgres.read_failure import named_failures
from headstart.settings.kinds import Gate, RecordKeeping
from headstart.values import dataclass
from headstart.verbs.inspection import Image
from headstart.verbs.task import Task
from headstart.verdict.errors import HeadstartError


@dataclass(frozen=True)
class Look:
    """What was found before the schema was proven, on the connection that notes it."""

    header: Header
    comment: str | None
    server: str
    written_by: int | None
    digest: str


class ProofMark:
    """Notes on one connection what another comparison has proven; `scope` is where env.py works."""

    def __init__(self, task: Task, image: Image, scope: Scope) -> None:
        self._task, self._image, self._scope = task, image, scope

    def look(self, connection: Connection, rows: tuple[str, ...]) -> Look | None:
        """Read the number of the schema; None where no mark is to be written for these rows."""
        header = self._header()
        if header is None or sorted(rows) != sorted(header.heads):
            return None
        with suppress(HeadstartError), named_failures():
            sql = question(header.version_table, header.objects, READ_SECONDS)
            row = connection.execute(sql, timeout_seconds=READ_SECONDS, pin=False)[0]
            found, writable, owned, comment, server, xmin, digest, _, _ = row
            if writable and owned and sorted(str(found).split("\n")) == sorted(rows):
                said = None if comment is None else str(comment)
                by = None if xmin is None else int(str(xmin))
                return Look(header, said, str(server), by, str(digest))
        return None

    def note(self, connection: Connection, look: Look) -> None:
        """Write the mark, unless it is there; the schema has been proven since `look`."""
        with suppress(HeadstartError), named_failures():
            if not self._is_there(look) and self._may_be_written(connection, look):
                with _transaction(connection):
                    self._write(connection, look)

    def _header(self) -> Header | None:
        """Where the settings let a gate answer, and env.py works where the gate would look."""
        settings, usable = self._task.settings, self._image.fingerprints.usable
        if usable is None or settings.gate is Gate.OFF or settings.record is RecordKeeping.OFF:
            return None
        header = header_of(usable.header)
        scope = self._scope
        if header is None or settings.x or scope.version_schema is not None:
            return None
        fit = header.blind is None and (header.unfit is None or settings.gate is Gate.ON)
        return header if fit and scope.version_table == header.version_table else None

    def _is_there(self, look: Look) -> bool:
        if look.comment is None or look.written_by is None:
            return False
        body = look.header.body
        wanted = mark_text(body, look.server, look.written_by, look.digest)
        return mark_in(look.comment) == wanted

    def _may_be_written(self, connection: Connection, look: Look) -> bool:
        names = (look.header.version_table, look.header.objects)
        sql = leaving(*names)
        leaves = connection.execute(sql, timeout_seconds=READ_SECONDS, pin=False)[0][0]
        schema = connection.execute("SELECT pg_catalog.current_schema()", pin=False)[0][0]
        return not leaves and schema == self._scope.schema

    def _write(self, connection: Connection, look: Look) -> None:
        record = record_in(look.comment)
        if isinstance(record, NoRecord):
            return
        number = connection.execute("SELECT pg_catalog.txid_current()")[0][0]
        mark = mark_text(look.header.body, look.server, int(str(number)), look.digest)
        text = replace(record, proof=mark).text
        if text is not None:
            table = ".".join(map(identifier, (str(self._scope.schema), look.header.version_table)))
            connection.execute(f"COMMENT ON TABLE {table} IS {literal(text)}")


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
