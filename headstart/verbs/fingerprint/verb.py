"""The verb fingerprint: build the file of fingerprints, check it, or record a known database.

Revisions are replayed in a scratch database: one of the embedded server's, or one that is named.
No revision is ever run in a database that was not given for that.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from headstart.decision.explanation import of_difference
from headstart.facts.state import OurTables, scope_named
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.catalog.query import reading_of
from headstart.fingerprint.file.states import BASE, Delta, Fingerprints, State
from headstart.fingerprint.file.text import file_text
from headstart.fingerprint.match.recording import Recording
from headstart.fingerprint.show.difference import difference
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.effects import ANY_TABLE
from headstart.postgres.catalog import Catalogue
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import inspect_database
from headstart.revisions.history import read_history
from headstart.revisions.known_states import SNAPSHOT, digests, load, path_of, why_stale, with_rows
from headstart.revisions.naming import resolve_revisions
from headstart.revisions.project import load_project
from headstart.revisions.replay import create_all
from headstart.settings.driver_url import sqlalchemy_url
from headstart.settings.request import FingerprintOptions, FingerprintVerb
from headstart.verbs.app_environment import app_environment
from headstart.verbs.fingerprint.replay import Finished, Source, replay
from headstart.verbs.fingerprint.scratch import Scratch, open_scratch
from headstart.verbs.task import Task
from headstart.verbs.under_lock import wait_for_database
from headstart.verdict.errors import InvalidSettings, StaleFingerprints

CREATE_ALL = "create_all"
"""The way to the schema that an app's metadata.create_all() makes."""


def fingerprint(task: Task, options: FingerprintOptions) -> str:
    """Do what the verb's second word says; gives the answer. Raises StaleFingerprints."""
    task.signals.install()
    if options.verb is FingerprintVerb.RECORD:
        return _record(task, _source(task), options)
    scratch = open_scratch(task, go_on=options.go_on)
    if options.verb is FingerprintVerb.CHECK:
        return _check(scratch, _source(scratch.task))
    return _build(scratch, _source(scratch.task, anew=options.replace), options)


def _source(task: Task, *, anew: bool = False) -> Source:
    """Read the project and, unless it is made anew, the file; a broken one too."""
    settings = task.settings
    with app_environment(task, connected=False):
        project = load_project(settings.alembic_ini, "heads", settings.x)
        history = read_history(project, "heads", "proof")
    path = path_of(project, settings.fingerprints)
    known = (None if anew else load(path)) or Fingerprints(())
    return Source(project, history, path, with_rows(known, history))


def _build(scratch: Scratch, source: Source, options: FingerprintOptions) -> str:
    # an earlier format knows the rows otherwise: each revision is run once more, to see them
    anew = options.replace or source.known.old_format is not None
    if source.known.meta.get("normal_form", NORMAL_FORM) != NORMAL_FORM:
        anew, source = True, replace(source, known=Fingerprints(()))  # nothing can be compared
    found = replay(scratch, source, fresh=anew)
    recording = found.recording
    if recording.mistakes:
        raise _not_kept(source.path, recording)
    if options.create_all:
        _record_create_all(found, recording)
    return _write(source, recording.done())


def _check(scratch: Scratch, source: Source) -> str:
    if not source.known.states:
        raise StaleFingerprints(f"{source.path} does not exist")
    why = why_stale(source.known, source.history, digests(source.project))
    if why is not None:
        raise StaleFingerprints(f"{source.path} is stale: {why}")
    if any(state.via == SNAPSHOT for state in source.known.steps.values()):
        return f"{source.path} belongs to its scripts; it was recorded, so nothing was replayed"
    found = replay(scratch, source, fresh=True)
    if found.recording.mistakes:
        raise _not_kept(source.path, found.recording)
    if new := found.recording.new_variants:
        raise StaleFingerprints(
            f"{source.path}: {', '.join(new)} build another schema on this server than on that of"
            f" the file (PostgreSQL {source.known.meta.get('postgres')})",
            next_step="record it: headstart fingerprint build --url ..., on this server",
        )
    _check_models(found, source)
    revisions = _count(len(source.history.requirements), "revision")
    return f"{source.path} is what the {revisions} build{'s' * (revisions[:2] == '1 ')}"


def _not_kept(path: Path, recording: Recording) -> StaleFingerprints:
    first, *more = recording.mistakes
    return StaleFingerprints(
        f"{path}: {first.message}" + (f"; and {len(more)} revisions more" if more else ""),
        explanation=of_difference(first.difference, Live(frozenset())),
        next_step=(
            "a database that ran it before has the schema on file: make a new revision instead, or,"
            " where no database has run it yet, headstart fingerprint build --replace"
        ),
    )


def _create_all_lines(found: Finished, head: frozenset[str]) -> frozenset[str]:
    """What the app's metadata makes in a database of its own, given the extensions and schemas."""
    task = found.scratch.beside(CREATE_ALL)
    names = sorted(
        line.split("\t") for line in head if line.startswith(("extension\t", "schema\t"))
    )
    with task.connect(Purpose.WORK) as connection:
        for kind, name, *_ in names:
            sql = f"CREATE {kind} IF NOT EXISTS {name}"
            # an extension goes into the first schema of the search_path
            connection.execute(sql, timeout_seconds=60, pin=False)
    try:
        create_all(found.probe.metadata, sqlalchemy_url(task.resolve()))
    except Exception as error:
        raise InvalidSettings(
            f"metadata.create_all() raised: {next(iter(str(error).splitlines()), '')}",
            next_step="correct the models; what they need beside tables a revision has to make",
        ) from error
    with task.connect(Purpose.READ) as connection:
        return Catalogue(connection).read(reading_of(found.probe.scope)).lines


def _record_create_all(found: Finished, recording: Recording) -> None:
    if not found.probe.metadata:
        raise InvalidSettings("--create-all: env.py configures no target_metadata")
    head = list(recording.done().steps.values())[-1].name
    lines = _create_all_lines(found, recording.done().lines(head))
    recording.add_variant(head, CREATE_ALL, lines)


def _check_models(found: Finished, source: Source) -> None:
    """Raise StaleFingerprints where create_all() makes a schema that is not on file."""
    if not found.probe.metadata:
        return
    known = source.known
    head = list(known.steps.values())[-1]
    expected = known.lines(head.name)
    made = _create_all_lines(found, expected)
    on_file = [known.lines(s.name) for s in known.states if s.revisions == head.revisions]
    if made in on_file:
        return
    told = difference(expected, made)
    raise StaleFingerprints(
        f"the models are not what {head.name} builds: {told.summary()}",
        explanation=of_difference(told, Live(frozenset())),
        next_step=(
            "make a revision (alembic revision --autogenerate), or, where the difference is meant,"
            " record it: headstart fingerprint build --create-all"
        ),
    )


def _write(source: Source, fingerprints: Fingerprints) -> str:
    text = file_text(fingerprints)
    unfinished = source.path.with_name(f"{source.path.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(source.path)
    except OSError as error:
        raise InvalidSettings(f"{source.path} cannot be written: {error.strerror}") from None
    states = len(fingerprints.steps) - (BASE in fingerprints.steps)
    variants = sum(1 for _ in fingerprints.variants)
    return (
        f"{source.path} has {_count(states, 'revision')}"
        + (f" and {_count(variants, 'variant')}" if variants else "")
        + f", {len(text.encode())} bytes"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _record(task: Task, source: Source, options: FingerprintOptions) -> str:
    if options.revision is None:
        raise InvalidSettings(
            "fingerprint record needs --revision: what is this database known at?"
        )
    heads = resolve_revisions(source.project, options.revision, "--revision")
    wait_for_database(task)
    lines = _recorded_lines(task, heads)
    known = source.known
    if not known.meta:
        known = replace(
            known, meta={"normal_form": NORMAL_FORM, "postgres": task.record.server_version}
        )
    recording = Recording(known, digests(source.project))
    if known.states:
        recording.resume(list(known.steps.values())[-1].name)
    name = "+".join(sorted(heads))
    if name in known.steps:
        if not recording.add_variant(name, SNAPSHOT, lines):
            return f"{source.path} has this schema of {name} already"
    else:
        state = State(
            name, None, heads, Delta(), "", Effect.SCHEMA_AND_DATA, via=SNAPSHOT,
            tables=frozenset([ANY_TABLE]),
        )  # fmt: skip
        recording.see(state, lines)
    return _write(source, recording.done())


def _recorded_lines(task: Task, heads: Iterable[str]) -> frozenset[str]:
    scope = scope_named(task.settings.version_table)
    with task.connect(Purpose.READ) as connection:
        rows = inspect_database(connection, scope, OurTables).version_rows
        if rows and frozenset(rows) != frozenset(heads):
            raise InvalidSettings(
                f"the version row is {', '.join(rows)}, not {', '.join(heads)}",
                next_step="name the revision that the database is at",
            )
        return Catalogue(connection).read(reading_of(scope)).lines
