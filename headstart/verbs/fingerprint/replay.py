"""Replay the revisions of a project in a scratch database, from where that is.

No revision is ever run in a database that was not given for that: what is neither empty nor where
an earlier replay left it is made anew (the embedded one) or refused.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path

from headstart.facts.state import History, OurTables
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.catalog.query import reading_of
from headstart.fingerprint.file.states import UPGRADE, Delta, Fingerprints, RecordedState
from headstart.fingerprint.match.recording import Recording
from headstart.postgres.catalog import Catalog
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import inspect_database
from headstart.process.progress import bar, shows_bar
from headstart.process.reads import Reads, heard_reads
from headstart.revisions.configured import Configured, configured_by
from headstart.revisions.env_pass import Started
from headstart.revisions.fitness import EnvWork, watched_env
from headstart.revisions.history import confirm
from headstart.revisions.known_states import below_snapshots, digests
from headstart.revisions.project import Project
from headstart.revisions.reading import OwnCatalog, OwnConnection
from headstart.revisions.replay import Beginning, Replay, Replayed
from headstart.revisions.run import Decided, Listener, Run
from headstart.revisions.scratch_only import only_in_scratch
from headstart.revisions.worker import Worker
from headstart.values import dataclass
from headstart.verbs.fingerprint.contents import (
    SEARCH_PATH,
    has_relations,
    look,
    plain_session,
    prepared,
)
from headstart.verbs.fingerprint.presupposed import presupposing
from headstart.verbs.fingerprint.scratch import Scratch
from headstart.verbs.task import Task
from headstart.verbs.under_lock import locked, wait_for_database, worker_under
from headstart.verdict.errors import ConnectionLost, HeadstartError, WrongDatabase
from headstart.verdict.events.revisions import RevisionReplayed


@dataclass(frozen=True)
class Source:
    """The scripts, and what is on file about them.

    `imported`: env.py has run once, for that; `reads` are what was read then.
    `search_path` is sys.path, as it was before the project had a say.
    """

    project: Project
    history: History
    path: Path
    known: Fingerprints
    imported: bool = False
    reads: Reads = field(default_factory=Reads)
    search_path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """What a replay found: the states, env.py's configuration, and where it took place.

    `env` and `reads` are what env.py did beside its migrations, and `is_whole` whether the schema
    is that of the revisions, now that it has ended.
    """

    recording: Recording
    configured: Configured
    scratch: Scratch
    env: EnvWork
    reads: Reads
    is_whole: bool


def replay(scratch: Scratch, source: Source, *, fresh: bool) -> Finished:
    """Replay the revisions that the scratch database does not have; all of them where `fresh`."""
    task = scratch.task
    if scratch.admin is not None and (fresh or not _is_usable(scratch, source)):
        scratch.empty()
    if shows_bar():
        task = replace(task, emit=task.emit.unlogged())
    wait_for_database(task)
    with locked(task) as lock:
        new = prepared(scratch)
        worker = worker_under(task, lock)
        pending = len(source.history.requirements)
        with bar(pending) as drawn, watched_env() as env, heard_reads() as reads:
            started = _Started(task, scratch, source, worker, new, drawn, env)

            def run(listener: Listener) -> Run:
                order = {name: number for number, name in enumerate(source.known.steps)}
                made = Run(worker, listener, task.settings.heartbeat_seconds, order=order)
                env.migrating = lambda: made.decided is not None and not made.done
                return made

            work = Replay(source.project, started.begin, run, started.see, started.applied)
            with (
                _explained(scratch),
                _said_to_be_second(started),
                only_in_scratch(source.project, worker),
                presupposing(),
            ):
                work.start(lock.ensure_held)
    return started.finished(reads)


@dataclass
class _Started:
    """A replay from where the scratch database is; `new` where nothing was in it before."""

    task: Task
    scratch: Scratch
    source: Source
    worker: Worker
    new: bool
    drawn: Callable[[str], None]
    env: EnvWork
    configured: Configured | None = field(default=None, init=False)
    recording: Recording | None = field(default=None, init=False)
    revisions: set[str] = field(default_factory=set, init=False)

    def begin(self, now: Started) -> Beginning:
        """Called in env.py, when it comes to its migrations."""
        self.source.project.imports.every()
        confirm(self.source.project)
        self.configured = configured_by(self.worker, now)
        scope, own = self.configured.scope, OwnConnection(now.connection)
        reading = reading_of(scope)
        with own.reading():
            path = str(own.execute(f"SELECT {SEARCH_PATH}")[0][0])
            self.env.begin(now, self.configured, path, plain_session(self.task))
            rows = inspect_database(own, scope, OurTables).version_rows
        lines = OwnCatalog(own).read(reading).lines
        self.recording = self._recording_at(rows, lines, own.server_version)
        self.revisions = set(self.source.history.applied_with(rows))
        pending = self.source.history.pending_after(rows)
        return Beginning(Decided(scope, pending, rows), reading, self.recording.lines)

    def _recording_at(self, rows: tuple[str, ...], lines: frozenset[str], server: int) -> Recording:
        major, minor = divmod(server, 10_000)
        recording = recording_on(self.source, f"{major}.{minor}")
        last = _proven_state(self.source, rows, lines) if rows else None
        if rows and (last is None or not self.scratch.may_resume):
            raise self.scratch.unusable()
        if last is not None:
            recording.resume(last)
        elif self.new:
            recording.begin(lines)
        else:
            raise self.scratch.unusable()
        return recording

    def see(self, step: Replayed) -> None:
        """Take a replayed revision over into the recording."""
        assert self.recording is not None
        self.revisions.add(step.revision)
        state = RecordedState(
            step.revision,
            None,
            self.source.history.heads_of(self.revisions),
            Delta(),
            "",
            step.work.effect,
            tables=step.work.tables,
            rows=step.rows,
        )
        self.recording.see(state, step.lines)
        self.drawn(step.revision)

    def applied(self, revision: str, seconds: float) -> None:
        """A revision is committed."""
        self.task.emit(RevisionReplayed(revision, seconds))

    def finished(self, reads: Reads) -> Finished:
        """What was found, when env.py has ended."""
        assert self.recording is not None
        assert self.configured is not None
        scope = self.configured.scope
        with self.task.connect(Purpose.READ) as connection:
            lines = Catalog(connection).read(reading_of(scope)).lines
        whole = lines == self.recording.lines
        return Finished(self.recording, self.configured, self.scratch, self.env, reads, whole)


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


@contextmanager
def _said_to_be_second(started: _Started) -> Iterator[None]:
    """What env.py may do but once fails in its second pass, before it comes to its migrations."""
    try:
        yield
    except HeadstartError as error:
        if started.source.imported and started.recording is None:
            error.next_step = f"{_TWICE}; otherwise {error.next_step}"
        raise


_TWICE = (
    "env.py ran twice here, the first time to import the scripts, since the text of one does not"
    " tell its revision: write revision and down_revision as literals, and it runs once"
)
_LET_IT_USE = (
    "let env.py take its URL from DATABASE_URL{}, or name the variable that it reads in"
    " HEADSTART_URL_VARIABLES; if the app builds its URL from parts, set them to those of an empty"
    " database, and pass that database with --url (docs/fingerprints.md)"
)


def _is_usable(scratch: Scratch, source: Source) -> bool:
    """Whether the embedded scratch database is empty, or where an earlier replay left it.

    Asked before env.py runs, which can run only once: where its revisions work in a schema that
    it chooses itself, all of them are replayed.
    """
    rows, lines = look(scratch.task)
    if rows:
        return _proven_state(source, rows, lines) is not None
    return not (has_relations(lines) or scratch.has_traces)


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
