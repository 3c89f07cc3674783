"""Keep the record of what was applied: the comment on the version table, in the row's transaction.

Whatever the comment meets (a role that does not own the table, a lock, an event trigger that
raises) must not take the revision with it: it stands behind a savepoint. First the row, then the
comment, in everybody's order: the other way round two of them would wait for each other.

One message a revision, and no wait for a lock: VACUUM, ANALYZE in a transaction, CREATE PUBLICATION
and another COMMENT keep it away, and who waits for one that waits for us is a deadlock.

    SAVEPOINT; LOCK TABLE .. NOWAIT; COMMENT ..; RELEASE         written
                                     ROLLBACK TO; RELEASE        not written, and why is told once

An entry that could not be written stays in hand, and is written with the next one.
"""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from headstart.facts.applied_record import (
    MOST_ENTRIES,
    UNKNOWN_MARK,
    AppliedEntry,
    AppliedRecord,
    ChainText,
)
from headstart.facts.literals import literal
from headstart.revisions.causes import first_line
from headstart.revisions.driver_error import sqlstate_of
from headstart.revisions.script_graph import AnyScript, digest_of
from headstart.revisions.worker import dbapi_connection
from headstart.values import dataclass
from headstart.verdict.events.event import Emit
from headstart.verdict.events.revisions import RecordNotWritten

_SAVEPOINT = "headstart_record"
_LOCK_NOT_AVAILABLE, _NO_TRANSACTION = "55P03", "25P01"
_RETRIES, _RETRY_SECONDS = 20, 0.05
"""In a whole run: a VACUUM of such a table takes milliseconds, and a revision waits for none."""


@dataclass(frozen=True)
class Recording:
    """What is recorded: beside which table, after what, of which image.

    `table` is its name as SQL writes it. `parents` maps a revision to what it needs. `mark_of`
    tells whether code of before a revision can run after it: "+", "!" or "?", and `more_of` what
    else its entry says. `stamp_mark` is the mark of what is stamped. `forbidding` are the revisions
    whose authors say that no older code can run after them: old images hear it by the record alone.
    """

    table: str
    before: AppliedRecord
    image: str
    parents: Mapping[str, Collection[str]]
    scripts: Mapping[str, AnyScript]
    mark_of: Callable[[str], str] = lambda _: UNKNOWN_MARK
    more_of: Callable[[str], tuple[object, ...]] = lambda _: ()
    stamp_mark: str = UNKNOWN_MARK
    forbidding: Collection[str] = ()

    def entry(
        self, revision: str, mark: str, seconds: float | None, more: tuple[object, ...]
    ) -> AppliedEntry:
        """What is noted of a revision now; `seconds` is None where its script was not run."""
        return AppliedEntry(
            revision,
            tuple(sorted(self.parents.get(revision, ()))),
            mark,
            f"{datetime.now(UTC).isoformat(timespec='seconds')[:-6]}Z",
            seconds,
            self.image,
            "" if seconds is None else self.digest_of(revision),
            more,
        )

    def digest_of(self, revision: str) -> str:
        """That of its script; empty where it cannot be read any more."""
        with suppress(OSError, KeyError):
            return digest_of(self.scripts[revision])
        return ""


@dataclass
class RecordKeeper:
    """Writes the record after each version row; `elapsed` are the seconds of the revision."""

    recording: Recording
    emit: Emit
    elapsed: Callable[[], float]
    _entries: list[AppliedEntry] = field(default_factory=list, init=False)
    _chain: ChainText = field(default_factory=lambda: ChainText(()), init=False)
    _plain: bool = field(default=True, init=False)
    _retries: int = field(default=_RETRIES, init=False)
    _told: bool = field(default=False, init=False)
    _written: set[str] = field(default_factory=set, init=False)
    _unwritten: list[str] = field(default_factory=list, init=False)
    _gave_up: bool = field(default=False, init=False)

    def attach(self, context: Any, pending: Collection[str]) -> None:
        """Hear of each version row that Alembic's MigrationContext writes, after env.py does.

        What is pending again has been rolled back since, if it was applied.
        """
        others = [each for each in context.on_version_apply_callbacks if each != self.applied]
        context.on_version_apply_callbacks = (*others, self.applied)
        self._entries = [each for each in self._entries if each.revision not in pending]
        self._unwritten = [each for each in self._unwritten if each not in pending]
        every = (*self.recording.before.chain, *self._entries)
        self._chain = ChainText(every)
        self._plain = not any(map(_is_special, every))

    def applied(self, *, ctx: Any, step: Any, heads: Collection[str], **_: Any) -> None:
        """Alembic's on_version_apply: in the transaction of the version row, after it."""
        if self._gave_up:
            return
        seconds = None if step.is_stamp else round(self.elapsed(), 3)
        for revision in step.up_revision_ids:
            entry = self._entry(revision, seconds)
            self._entries.append(entry)
            self._unwritten.append(revision)
            self._plain = self._plain and not _is_special(entry)
            self._chain.add(entry)
        del self._entries[:-MOST_ENTRIES]
        text = self._text_at(heads)
        if text is None:
            self._gave_up = True
            self._tell("it would be longer than all that is ever read of it")
            return
        self._write(ctx.connection, f"COMMENT ON TABLE {self.recording.table} IS {literal(text)}")

    def _entry(self, revision: str, seconds: float | None) -> AppliedEntry:
        recording = self.recording
        mark = recording.stamp_mark if seconds is None else recording.mark_of(revision)
        return recording.entry(revision, mark, seconds, recording.more_of(revision))

    def _text_at(self, heads: Collection[str]) -> str | None:
        before = self.recording.before
        if self._plain:
            return before.text_after(heads, self._chain)
        return before.after(heads, self._entries).text

    def _write(self, connection: Connection, comment: str) -> None:
        error = _try(connection, self.recording.table, comment)
        while error is not None and self._retries and _is_locked(error):
            self._retries -= 1
            time.sleep(_RETRY_SECONDS)
            error = _try(connection, self.recording.table, comment)
        if error is None:
            self._written.update(self._unwritten)
            self._unwritten.clear()
        else:
            self._gave_up = not _is_locked(error)
            self._tell(f"{first_line(error)} ({sqlstate_of(error)})")

    def _tell(self, cause: str) -> None:
        if not self._told:
            lost = tuple(sorted({*self.recording.forbidding} - self._written))
            self.emit(RecordNotWritten(self.recording.table, cause, lost))
        self._told = True


def _is_special(entry: AppliedEntry) -> bool:
    """Whether it is kept longer than others, or gives way to its own end."""
    return entry.forbids or entry.is_begun


def _try(connection: Connection, table: str, comment: str) -> Exception | None:
    """Write it, or leave the transaction as it was and give why. A lost connection is raised."""
    lock = f"LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT"
    try:
        _send(connection, f"SAVEPOINT {_SAVEPOINT}; {lock}; {comment}; RELEASE {_SAVEPOINT}")
    except Exception as error:
        if sqlstate_of(error) is None:  # no answer of the server's
            raise
        if sqlstate_of(error) == _NO_TRANSACTION:
            return _try_outside(connection, comment)
        _send(connection, f"ROLLBACK TO {_SAVEPOINT}; RELEASE {_SAVEPOINT}")
        return error
    return None


def _try_outside(connection: Connection, comment: str) -> Exception | None:
    """A script has ended the transaction by the driver, unheard: its row is committed by now."""
    try:
        _send(connection, comment)
    except Exception as error:
        if sqlstate_of(error) is None:
            raise
        return error
    return None


def _send(connection: Connection, sql: str) -> None:
    """Several statements as one message, by the driver itself, which leaves a % or a : alone.

    A statement that is prepared may be only one: asyncpg's cursors prepare each, psycopg's where
    env.py asks for it (prepare_threshold=0).
    """
    dbapi: Any = dbapi_connection(connection)
    dialect = connection.dialect
    unprepared = {"prepare": False} if dialect.driver == "psycopg" else {}
    if dialect.is_async:
        dbapi.run_async(lambda raw: raw.execute(sql, **unprepared))
        return
    if unprepared:
        dbapi.execute(sql, **unprepared)
        return
    cursor = dbapi.cursor()
    try:
        cursor.execute(sql)
    finally:
        cursor.close()


def _is_locked(error: BaseException) -> bool:
    return sqlstate_of(error) == _LOCK_NOT_AVAILABLE
