"""The verbs that change nothing: check, wait and plan. They take no lock and run no env.py.

(`plan --sql` does run env.py, in Alembic's offline mode, which connects to nothing.)
"""

import random
import time
from dataclasses import dataclass, replace
from typing import assert_never

from headstart.connect_failure import error_of
from headstart.connection import ConnectFailed
from headstart.deadline import backoff_seconds
from headstart.driver_url import sqlalchemy_url
from headstart.errors import (
    AccessRefused,
    BrokenHistory,
    HeadstartError,
    InvalidSettings,
    NotReady,
)
from headstart.identity import Purpose
from headstart.inspection import inspect_database, run_in_progress
from headstart.plan import Baseline, NothingToDo, Plan, Preview, Refuse, Upgrade, decide
from headstart.revisions.history import read_history
from headstart.revisions.project import Project, load_project
from headstart.revisions.rendering import render_sql
from headstart.revisions.script_source import created_tables
from headstart.state import DatabaseFacts, History, Scope, State, detect
from headstart.task import Task
from headstart.verdict import Outcome

_FINAL = (InvalidSettings, AccessRefused, BrokenHistory)
"""What waiting does not cure."""


@dataclass(frozen=True)
class Image:
    """What the image holds, which a question compares the database with."""

    project: Project
    history: History


@dataclass(frozen=True)
class _Answer:
    facts: DatabaseFacts
    state: State
    plan: Plan
    in_progress: bool


def read_image(task: Task) -> Image:
    """Load the Alembic project. Raises BrokenHistory, and InvalidSettings for its files."""
    settings = task.settings
    project = load_project(settings.alembic_ini, settings.target, settings.x)
    return Image(project, read_history(project, settings.target, settings.baseline))


def check(task: Task) -> Outcome:
    """Is the database ready for this image? Raises NotReady, or what a run would refuse with."""
    return check_against(read_image(task), task)


def check_against(image: Image, task: Task) -> Outcome:
    """Check against an image that was read before: only the database is asked."""
    return _ready(task, _ask(task, image))


def wait(task: Task) -> Outcome:
    """Check until the database is ready; at the deadline raise what the last check said."""
    image = read_image(task)
    started = time.monotonic()
    deadline = task.within(task.settings.wait_seconds)
    grace = task.within(task.settings.access_grace_seconds)
    while True:
        try:
            return check_against(image, task)
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
    image = read_image(task)
    answer = _ask(task, image)
    baseline: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    match answer.plan:
        case Refuse():
            raise answer.plan.error
        case NothingToDo():
            pass
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
    )


def _ask(task: Task, image: Image) -> _Answer:
    task.record.wait_attempts += 1
    schema, _, table = task.settings.version_table.rpartition(".")
    scope = Scope(table, schema or None)
    try:
        with task.connect(Purpose.READ) as connection:
            task.record.database = connection.place
            in_progress = run_in_progress(connection)
            read = inspect_database(connection, scope, lambda: created_tables(image.project))
    except ConnectFailed as error:
        raise error_of(error.failure, task.record.wait_attempts) from None
    # whoever asks need not be able to do it: a check may run with the app's own role
    facts = replace(read, may_create=True)
    state = detect(facts, image.history)
    task.record.state = state
    task.record.from_revisions = task.record.to_revisions = facts.version_rows
    plan = decide(state, facts, image.history, task.settings.ahead)
    return _Answer(facts, state, plan, in_progress)


def _ready(task: Task, answer: _Answer) -> Outcome:
    if answer.in_progress:
        raise NotReady("a run is in progress", next_step="wait for it to end, then ask again")
    match answer.plan:
        case NothingToDo():
            task.record.proof = answer.plan.proof
            return Outcome.AHEAD_COMPATIBLE if answer.plan.ahead else Outcome.NOTHING_TO_DO
        case Upgrade():
            raise NotReady(f"pending: {', '.join(answer.plan.pending)}")
        case Baseline():
            raise NotReady("tables of ours without a version row, which a run would baseline")
        case Refuse():
            raise answer.plan.error
        case _:
            assert_never(answer.plan)
