"""Replay the revisions of a project in a scratch database, from where that is.

No revision is ever run in a database that was not given for that: what is neither empty nor where
an earlier replay left it is made anew (the embedded one) or refused.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2

from headstart.facts.state import History, OurTables, Scope
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.catalog.query import reading_of
from headstart.fingerprint.file.states import UPGRADE, Delta, Fingerprints, RecordedState
from headstart.fingerprint.match.recording import Recording
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import inspect_database
from headstart.process.files import read_text
from headstart.process.progress import bar, shows_bar
from headstart.revisions.known_states import below_snapshots, digests
from headstart.revisions.probe import Probe, probe_env
from headstart.revisions.project import Project
from headstart.revisions.replay import Replay, Replayed
from headstart.revisions.scratch_only import only_in_scratch
from headstart.revisions.upgrade import Listener, Run
from headstart.verbs.fingerprint.presupposed import presupposing
from headstart.verbs.fingerprint.scratch import Scratch
from headstart.verbs.task import Task
from headstart.verbs.under_lock import locked, wait_for_database, worker_under
from headstart.verdict.errors import ConnectionLost, InvalidSettings, WrongDatabase
from headstart.verdict.events.revisions import RevisionReplayed
from headstart.verdict.sqlstates import ALREADY_THERE_SQLSTATES

REPLAY_SQL_SECONDS = 600.0
_RELATIONS = ("table\t", "view\t", "matview\t")


@dataclass(frozen=True)
class Source:
    """The scripts, and what is on file about them."""

    project: Project
    history: History
    path: Path
    known: Fingerprints


@dataclass(frozen=True)
class Finished:
    """What a replay found: the states, env.py's configuration, and where it took place."""

    recording: Recording
    probe: Probe
    scratch: Scratch


def replay(scratch: Scratch, source: Source, *, fresh: bool) -> Finished:
    """Replay the revisions that the scratch database does not have; all of them where `fresh`."""
    if fresh and scratch.admin is not None:
        scratch.empty()
    found = _attempt(scratch, source)
    if found is None:
        scratch.empty()
        found = _attempt(scratch, source)
    assert found is not None
    return found


def _attempt(scratch: Scratch, source: Source) -> Finished | None:
    """Replay from where the scratch database is; None where that is nowhere known."""
    task = scratch.task
    if shows_bar():
        task = replace(task, emit=task.emit.unlogged())
    wait_for_database(task)
    with locked(task) as lock:
        worker = worker_under(task, lock)
        with _explained(scratch), only_in_scratch(source.project, worker):
            probe = probe_env(source.project, worker)
        recording, rows = _beginning(scratch, source, probe.scope)
        if recording is None or (rows and not scratch.may_resume):
            return None
        pending = len(source.history.requirements) - len(source.history.applied_with(rows))
        with bar(pending) as drawn:
            seen = _into(recording, source.history, rows, drawn)
            order = {name: number for number, name in enumerate(source.known.steps)}

            def applied(revision: str, seconds: float) -> None:
                task.emit(RevisionReplayed(revision, seconds))

            def run(listener: Listener) -> Run:
                return Run(probe, listener, task.settings.heartbeat_seconds, order)

            reading = reading_of(probe.scope)
            pass_through = Replay(source.project, run, reading, recording.lines, seen, applied)
            with only_in_scratch(source.project, worker), presupposing():
                pass_through.start(lock.ensure_held)
    return Finished(recording, probe, scratch)


@contextmanager
def _explained(scratch: Scratch) -> Iterator[None]:
    """An env.py may have a URL of its own, or leave the embedded server's socket out of ours."""
    try:
        yield
    except (ConnectionLost, WrongDatabase) as error:
        if scratch.admin is not None:
            error.next_step = _LET_IT_USE.format(
                " as it is, with the ?host= of the embedded server's socket"
            )
        elif isinstance(error, WrongDatabase):
            error.next_step = _LET_IT_USE.format("")
        raise


_LET_IT_USE = (
    "let env.py take its URL from DATABASE_URL{}, or name the variable that it reads in"
    " HEADSTART_URL_VARIABLES; if the app builds its URL from parts, set them to those of an empty"
    " database, and pass that database with --url (docs/fingerprints.md)"
)


def _into(
    recording: Recording, history: History, rows: tuple[str, ...], drawn: Callable[[str], None]
) -> Callable[[Replayed], None]:
    """Take each replayed revision over into the recording."""
    applied = set(history.applied_with(rows))

    def seen(step: Replayed) -> None:
        applied.add(step.revision)
        state = RecordedState(
            step.revision,
            None,
            history.heads_of(applied),
            Delta(),
            "",
            step.work.effect,
            tables=step.work.tables,
            rows=step.rows,
        )
        recording.see(state, step.lines)
        drawn(step.revision)

    return seen


def _beginning(
    scratch: Scratch, source: Source, scope: Scope
) -> tuple[Recording | None, tuple[str, ...]]:
    """The recording to go on with, and the version rows that it begins at."""
    task = scratch.task
    with task.connect(Purpose.READ) as connection:
        rows = inspect_database(connection, scope, OurTables).version_rows
        found = Catalog(connection).read(reading_of(scope))
        major, server = connection.server_version // 10_000, connection.server_version
    recording = recording_on(source, f"{major}.{server % 10_000}")
    if rows:
        last = _proven_state(source, rows, found.lines)
        if last is None:
            return None, ()
        recording.resume(last)
        return recording, rows
    if any(line.startswith(_RELATIONS) for line in found.lines) or scratch.has_traces:
        return None, ()
    recording.begin(_prepare(task, scope))
    return recording, ()


def recording_on(source: Source, version: str) -> Recording:
    known = source.known
    if not known.meta:
        known = replace(known, meta={"normal_form": NORMAL_FORM, "postgres": version})
    major, built_with = (
        version.split(".", maxsplit=1)[0],
        str(known.meta.get("postgres")).split(".")[0],
    )
    via = UPGRADE if major == built_with else f"{UPGRADE}@pg{major}"
    return Recording(known, digests(source.project), via)


def _proven_state(source: Source, rows: tuple[str, ...], lines: frozenset[str]) -> str | None:
    """The state on file that the scratch database is in, with scripts that are as they were."""
    scripts = digests(source.project)
    if any(row not in source.history.requirements for row in rows):
        return None
    applied = source.history.applied_with(rows)
    steps = source.known.steps
    own = applied - below_snapshots(source.known, source.history)
    if any(r not in steps or steps[r].script != scripts[r] for r in own):
        return None
    at = [s.name for s in steps.values() if s.revisions == frozenset(rows)]
    counting = source.known.counting
    return at[-1] if at and counting(source.known.lines(at[-1])) == counting(lines) else None


def _prepare(task: Task, scope: Scope) -> frozenset[str]:
    """Execute HEADSTART_REPLAY_SQL; gives the lines before the first revision."""
    with task.connect(Purpose.WORK) as connection:
        if (file := task.settings.replay_sql) is not None:
            _execute(connection, file, _sql_of(file))
    with task.connect(Purpose.READ) as connection:
        return Catalog(connection).read(reading_of(scope)).lines


def _execute(connection: Connection, file: str, sql: str) -> None:
    try:
        connection.execute(sql, timeout_seconds=REPLAY_SQL_SECONDS, pin=False)  # the user's own
    except (psycopg2.Error, TimeoutError) as error:
        told = " ".join(str(error).split())
        cure = None
        if isinstance(error, psycopg2.Error) and error.pgcode in ALREADY_THERE_SQLSTATES:
            cure = _ALREADY_THERE
        raise InvalidSettings(f"HEADSTART_REPLAY_SQL={file}: {told}", next_step=cure) from None


_ALREADY_THERE = (
    "roles and databases belong to the whole server, which keeps them after a replay: drop them"
    " there, write the SQL so that it can be executed again, or leave --url out (the embedded"
    " server is made anew)"
)


def _sql_of(file: str) -> str:
    try:
        return read_text(file)
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"HEADSTART_REPLAY_SQL={file}: {error}") from None
