"""The verb fingerprint record: add the schema of a database that is known to be right."""

from collections.abc import Iterable
from dataclasses import replace

from headstart.facts.state import OurTables, scope_named
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.catalog.query import reading_of
from headstart.fingerprint.file.states import Delta, RecordedState
from headstart.fingerprint.match.recording import Recording
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.effects import ANY_TABLE
from headstart.postgres.catalog import Catalog
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import inspect_database
from headstart.revisions.known_states import SNAPSHOT, digests
from headstart.revisions.naming import resolve_revisions
from headstart.settings.request import Request
from headstart.verbs.fingerprint.replay import Source
from headstart.verbs.fingerprint.source import answered, read_source, write_file
from headstart.verbs.task import Task
from headstart.verbs.under_lock import wait_for_database
from headstart.verdict.errors import InvalidSettings
from headstart.verdict.outcome import Outcome


def record(task: Task, request: Request) -> Outcome:
    """Record the schema under the revision that --revision names. Raises InvalidSettings."""
    task.signals.install()
    return answered(task, _record(task, read_source(task), request.revision))


def _record(task: Task, source: Source, revision: str | None) -> str:
    if revision is None:
        raise InvalidSettings(
            "fingerprint record needs --revision: which revision is this database at?"
        )
    heads = resolve_revisions(source.project, revision, "--revision")
    server_version = wait_for_database(task)
    lines = _recorded_lines(task, heads)
    known = source.known
    if not known.meta:
        known = replace(known, meta={"normal_form": NORMAL_FORM, "postgres": server_version})
    recording = Recording(known, digests(source.project))
    if known.states:
        recording.resume(list(known.steps.values())[-1].name)
    name = "+".join(sorted(heads))
    if name in known.steps:
        if not recording.add_variant(name, SNAPSHOT, lines):
            return f"{source.path} has this schema of {name} already"
    else:
        state = RecordedState(
            name, None, heads, Delta(), "", Effect.SCHEMA_AND_DATA, via=SNAPSHOT,
            tables=frozenset([ANY_TABLE]),
        )  # fmt: skip
        recording.see(state, lines)
    return write_file(source, recording.done())


def _recorded_lines(task: Task, heads: Iterable[str]) -> frozenset[str]:
    scope = scope_named(task.settings.version_table)
    with task.connect(Purpose.READ) as connection:
        rows = inspect_database(connection, scope, OurTables).version_rows
        if rows and frozenset(rows) != frozenset(heads):
            raise InvalidSettings(
                f"the version row is {', '.join(rows)}, not {', '.join(heads)}",
                next_step="name the revision that the database is at",
            )
        return Catalog(connection).read(reading_of(scope)).lines
