"""The verbs that change nothing: check, wait and plan. They take no lock and run no env.py.

(`plan --sql` does run env.py, in Alembic's offline mode, which connects to nothing.)
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import assert_never

from headstart.decision.explanation import of_proof
from headstart.decision.index_repair import InvalidIndex, names_of, unusable
from headstart.decision.plan import Baseline, NothingToDo, Plan, Preview, Refuse, Upgrade, decide
from headstart.facts.state import (
    DatabaseFacts,
    History,
    OurTables,
    Scope,
    State,
    detect,
    scope_named,
    written,
)
from headstart.postgres.catalog import Catalogue
from headstart.postgres.connect_failure import error_of
from headstart.postgres.connection import ConnectFailed, Connection
from headstart.postgres.identity import Purpose
from headstart.postgres.inspection import inspect_database, run_in_progress
from headstart.process.deadline import backoff_seconds
from headstart.revisions.history import read_history
from headstart.revisions.known_states import KnownStates
from headstart.revisions.naming import resolve_revisions
from headstart.revisions.project import Project, load_project
from headstart.revisions.rendering import render_sql
from headstart.revisions.script_source import made_tables
from headstart.settings.driver_url import sqlalchemy_url
from headstart.settings.kinds import Verify
from headstart.verbs.app_environment import app_environment
from headstart.verbs.compare import (
    Comparison,
    compare,
    fails_on_drift,
    finding_of,
    invalid_indexes,
    note_difference,
    our_tables,
    read_known,
)
from headstart.verbs.task import Task
from headstart.verdict.errors import (
    AccessRefused,
    BrokenHistory,
    HeadstartError,
    InvalidSettings,
    NotReady,
    StaleFingerprints,
)
from headstart.verdict.outcome import Outcome

_FINAL = (InvalidSettings, AccessRefused, BrokenHistory)
"""What waiting does not cure."""


@dataclass(frozen=True)
class Image:
    """What the image holds, which a question compares the database with."""

    project: Project
    history: History
    known: KnownStates

    @cached_property
    def our_tables(self) -> OurTables:
        """Read once, and only where it is asked: a thousand scripts take seconds."""
        usable = self.known.usable
        return made_tables(self.project) if usable is None else our_tables(usable)


@dataclass(frozen=True)
class _Answer:
    facts: DatabaseFacts
    state: State
    plan: Plan
    in_progress: bool
    comparison: Comparison | None
    invalid: tuple[InvalidIndex, ...]


def read_image(task: Task) -> Image:
    """Load the Alembic project. Raises BrokenHistory, and InvalidSettings for its files."""
    settings = task.settings
    project = load_project(settings.alembic_ini, settings.target, settings.x)
    history = read_history(project, settings.target, settings.baseline)
    return Image(project, history, read_known(task, project, history))


def _image_of(task: Task) -> Image:
    """Load it in a process of our own, where the scripts find the database in the environment."""
    with app_environment(task, connected=False):
        return read_image(task)


def check(task: Task) -> Outcome:
    """Is the database ready for this image? Raises NotReady, or what a run would refuse with."""
    return check_against(_image_of(task), task, drift_fails=True)


def check_against(
    image: Image, task: Task, *, drift_fails: bool, invalid_fails: bool = True
) -> Outcome:
    """Check against an image that was read before: only the database is asked.

    `drift_fails` is what HEADSTART_VERIFY=auto means here; without `invalid_fails` an INVALID index
    does not matter.
    """
    answer = _ask(task, image)
    if not invalid_fails:
        answer = replace(answer, invalid=())
    return _ready(task, answer, drift_fails=drift_fails)


def wait(task: Task) -> Outcome:
    """Check until the database is ready; at the deadline raise what the last check said."""
    image = _image_of(task)
    started = time.monotonic()
    deadline = task.within(task.settings.wait_seconds)
    grace = task.within(task.settings.access_grace_seconds)
    while True:
        try:
            # app pods wait: a column that somebody made by hand must not keep them from starting
            return check_against(image, task, drift_fails=False)
        except HeadstartError as error:
            now = time.monotonic()
            late_access = isinstance(error, AccessRefused) and not grace.passed(now)
            if deadline.passed(now) or (isinstance(error, _FINAL) and not late_access):
                raise
            pause = deadline.clip(backoff_seconds(task.record.wait_attempts, random.random()), now)
            task.say("database_not_ready", cause=str(error), retry_in_seconds=round(pause, 3))
            time.sleep(pause)
        finally:
            task.record.wait_seconds = time.monotonic() - started


def preview(task: Task, with_sql: bool) -> Preview:
    """What a run would do now. Raises what it would refuse with."""
    image = _image_of(task)
    answer = _ask(task, image)
    baseline: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    match answer.plan:
        case Refuse():
            raise answer.plan.error
        case NothingToDo():
            _refuse_invalid(answer)
        case Upgrade():
            pending = answer.plan.pending
        case Baseline():
            baseline, pending = answer.plan.revisions, answer.plan.pending
        case _:
            assert_never(answer.plan)
    rows = answer.facts.version_rows
    sql = None
    if with_sql:
        url = sqlalchemy_url(task.resolve())
        with app_environment(task, connected=True):
            sql = render_sql(image.project, url, baseline, rows, task.settings.target)
    return Preview(
        state=answer.state,
        plan=answer.plan.slug,
        version_rows=rows,
        target=tuple(sorted(image.history.targets)),
        baseline=baseline,
        pending=pending,
        run_in_progress=answer.in_progress,
        sql=sql,
        proof=answer.plan.proof,
        explanation=(*_explained(answer.plan), *names_of(answer.invalid).lines),
    )


def _explained(plan: Plan) -> tuple[str, ...]:
    proven = plan.proven if isinstance(plan, Baseline) else None
    return of_proof(proven).lines if proven is not None else ()


def diff(task: Task, revision: str | None) -> Outcome:
    """Compare the schema with what a revision builds, or the version row's. Raises Drifted."""
    image = _image_of(task)
    known = image.known.usable
    if known is None:
        task.record.explanation = ()  # the same as this error
        why = image.known.why_not
        raise StaleFingerprints(
            f"{image.known.path} " + (f"proves nothing: {why}" if why else "does not exist")
        )
    scope = scope_named(task.settings.version_table)
    with _connected(task) as connection:
        rows = inspect_database(connection, scope, OurTables).version_rows
        wanted = rows
        if revision is not None:
            wanted = tuple(sorted(resolve_revisions(image.project, revision, "--revision")))
        task.record.from_revisions = task.record.to_revisions = rows
        if revision is None and not wanted:
            raise InvalidSettings(
                "there is no version row: name a revision to compare with (--revision)"
            )
        with Catalogue(connection) as catalogue:
            found = compare(catalogue, known, image.history, scope, wanted)
    if found.expected is None:
        raise StaleFingerprints(f"{image.known.path} says nothing about {', '.join(wanted)}")
    step = "take the difference back by hand, or put it into a new revision"
    task.record.proof = note_difference(task, found, wanted, fails=True, next_step=step)
    return Outcome.SAME


@contextmanager
def _connected(task: Task) -> Iterator[Connection]:
    """Connect once. Raises the error that the failure leads to."""
    try:
        connection = task.connect(Purpose.READ)
    except ConnectFailed as error:
        raise error_of(error.failure, task.record.wait_attempts) from None
    with connection:
        task.record.database = connection.place
        yield connection


def _ask(task: Task, image: Image) -> _Answer:
    task.record.wait_attempts += 1
    scope = scope_named(task.settings.version_table)
    with _connected(task) as connection:
        in_progress = run_in_progress(connection)
        read = inspect_database(connection, scope, lambda: image.our_tables)
        state = detect(read, image.history)
        finding, comparison = None, None
        with Catalogue(connection) as catalogue:
            if state is State.UNVERSIONED and image.history.baseline is None:
                finding = finding_of(catalogue, image.known, image.history, scope)
            if state is State.AT_HEAD and task.settings.verify is not Verify.OFF:
                comparison = _comparison(catalogue, image, scope, read.version_rows)
        rows = read.version_rows
        invalid = invalid_indexes(connection, scope, image.known, rows, lambda: image.our_tables)
    # whoever asks need not be able to do it: a check may run with the app's own role
    facts = replace(read, may_create=True)
    task.record.state = state
    task.record.from_revisions = task.record.to_revisions = facts.version_rows
    plan = decide(state, facts, image.history, task.settings.ahead, finding)
    return _Answer(facts, state, plan, in_progress, comparison, invalid)


def _refuse_invalid(answer: _Answer) -> None:
    """Raise where an index is INVALID: no verdict of ours may call that ready."""
    if answer.invalid:
        raise unusable(answer.invalid)


def _comparison(
    catalogue: Catalogue, image: Image, scope: Scope, version_rows: tuple[str, ...]
) -> Comparison | None:
    """The schema against its version rows, which say that the database is ready."""
    if image.known.usable is None:
        return None
    return compare(catalogue, image.known.usable, image.history, scope, version_rows)


def _ready(task: Task, answer: _Answer, *, drift_fails: bool) -> Outcome:
    if answer.in_progress:
        raise NotReady("a run is in progress", next_step="wait for it to end, then ask again")
    match answer.plan:
        case NothingToDo():
            _refuse_invalid(answer)
            task.record.proof = answer.plan.proof
            if answer.comparison is not None:
                fails = fails_on_drift(task.settings.verify, auto=drift_fails)
                rows = answer.facts.version_rows
                task.record.proof = note_difference(task, answer.comparison, rows, fails=fails)
            return Outcome.AHEAD_COMPATIBLE if answer.plan.ahead else Outcome.NOTHING_TO_DO
        case Upgrade():
            task.record.explain(names_of(answer.invalid))
            raise NotReady(f"pending: {', '.join(answer.plan.pending)}")
        case Baseline():
            at = written(answer.plan.revisions)
            proven = answer.plan.proven
            raise NotReady(
                f"tables of ours without a version row, which a run would baseline at {at}",
                explanation=of_proof(proven) if proven is not None else None,
            )
        case Refuse():
            raise answer.plan.error
        case _:
            assert_never(answer.plan)
